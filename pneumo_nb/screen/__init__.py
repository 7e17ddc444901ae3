from pneumo_nb.old_names import old_room
__getattr__ = old_room(__name__)    # names of the module that was called so, until 0.3
