// A film on a canvas: stored values through a table of greys, so that the window moves over the full depth
'use strict'
class Viewer {
  constructor(stage) {
    this.stage = stage; this.canvas = stage.querySelector('canvas'); this.output = stage.querySelector('output')
    this.film = document.createElement('canvas'); this.lines = []; this.outlined = false; this.pans = false; this.fingers = new Map()
    this.about = null; this.reset()
    const c = this.canvas
    c.addEventListener('pointerdown', e => { c.setPointerCapture(e.pointerId); this.fingers.set(e.pointerId, [e.clientX, e.clientY]); this.moves = this.pans != (e.shiftKey || e.button == 1 || e.button == 2) })
    c.addEventListener('pointermove', e => this.drag(e))
    for (const end of ['pointerup', 'pointercancel']) c.addEventListener(end, e => this.fingers.delete(e.pointerId))
    c.addEventListener('contextmenu', e => e.preventDefault())
    c.addEventListener('wheel', e => { e.preventDefault(); this.zoomAt(Math.exp(-e.deltaY/400), e.offsetX, e.offsetY) }, {passive: false})
    c.addEventListener('dblclick', () => { this.reset(); this.paint() })
    new ResizeObserver(() => this.draw()).observe(stage)
  }
  reset() { this.zoom = 1; this.x = this.y = 0; this.turned = 0; this.inverted = false; if (this.about) this.window('as screened') }
  // header length (4 bytes), header (JSON), greys, pixels
  show(buffer) {
    const n = new DataView(buffer).getUint32(0, true), about = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)))
    this.about = about
    this.greys = new Uint8Array(buffer, 4 + n, about.values)
    const at = 4 + n + about.values
    this.pixels = about.bytes == 1 ? new Uint8Array(buffer, at) : new Uint16Array(buffer.slice(at))
    this.film.width = about.width; this.film.height = about.height
    this.image = new ImageData(about.width, about.height); this.words = new Uint32Array(this.image.data.buffer)
    this.table = new Uint32Array(Math.max(about.values, 1))
    this.lines = []; this.outlined = false
    this.reset(); this.paint()
  }
  clear(why) { this.about = null; this.draw(); this.output.textContent = why || '' }
  window(name) {
    const {low, high, values, falling} = this.about, span = high - low
    this.named = name
    if (name == 'whole range') [this.low, this.high] = [0, Math.max(1, values - 1)]
    else if (name == 'dark half' || name == 'bright half') [this.low, this.high] = (name == 'dark half') == falling ? [low + span*.45, high] : [low, low + span*.55]
    else [this.low, this.high] = [low, high]
  }
  shift(width, centre) {                               // factor of the width; move of the centre, in widths
    let w = Math.max(1, (this.high - this.low)*width), c = (this.low + this.high)/2 + centre*(this.high - this.low)
    w = Math.min(w, 4*this.about.values); c = Math.max(-this.about.values, Math.min(2*this.about.values, c))
    this.named = ''; this.low = c - w/2; this.high = c + w/2
    this.paint()
  }
  drag(e) {
    const was = this.fingers.get(e.pointerId)
    if (!was || !this.about) return
    const dx = e.clientX - was[0], dy = e.clientY - was[1]
    if (this.fingers.size == 2) {
      const other = [...this.fingers].find(([id]) => id != e.pointerId)[1], apart = (x, y) => Math.hypot(x - other[0], y - other[1]), box = this.canvas.getBoundingClientRect()
      this.x += dx/2; this.y += dy/2
      this.zoomAt(apart(e.clientX, e.clientY)/Math.max(1, apart(...was)), (e.clientX + other[0])/2 - box.left, (e.clientY + other[1])/2 - box.top)
    } else if (this.moves) { this.x += dx; this.y += dy; this.draw() }
    else this.shift(Math.exp(dx/250), -dy/400)
    this.fingers.set(e.pointerId, [e.clientX, e.clientY])
  }
  zoomAt(factor, x, y) {
    const zoom = Math.max(.2, Math.min(40, this.zoom*factor)), f = zoom/this.zoom, w = this.canvas.clientWidth, h = this.canvas.clientHeight
    const px = (x ?? w/2) - w/2, py = (y ?? h/2) - h/2
    this.x = px - (px - this.x)*f; this.y = py - (py - this.y)*f; this.zoom = zoom
    this.draw()
  }
  paint() {                                            // values to greys; many calls in one frame paint once
    if (this.waits || !this.about) return
    this.waits = true
    requestAnimationFrame(() => {
      this.waits = false
      if (!this.about) return
      const {greys, table, pixels, words} = this, screened = this.named == 'as screened', slope = 255/(this.high - this.low), dark = this.about.falling
      for (let v = 0; v < table.length; v++) {
        let g = screened ? greys[v] : Math.max(0, Math.min(255, Math.round((v - this.low)*slope)))
        if (!screened && dark) g = 255 - g
        if (this.inverted) g = 255 - g
        table[v] = 0xff000000 | g << 16 | g << 8 | g
      }
      for (let i = 0; i < words.length; i++) words[i] = table[pixels[i]]
      this.film.getContext('2d').putImageData(this.image, 0, 0)
      this.draw()
    })
  }
  draw() {
    const c = this.canvas, ratio = devicePixelRatio || 1, w = c.clientWidth, h = c.clientHeight, g = c.getContext('2d')
    if (c.width != Math.round(w*ratio) || c.height != Math.round(h*ratio)) { c.width = Math.round(w*ratio); c.height = Math.round(h*ratio) }
    g.setTransform(1, 0, 0, 1, 0, 0); g.clearRect(0, 0, c.width, c.height)
    if (!this.about || !w || !h) return
    const {width, height} = this.about, sideways = this.turned % 2
    const fit = Math.min(w/(sideways ? height : width), h/(sideways ? width : height)), scale = fit*this.zoom
    g.setTransform(ratio, 0, 0, ratio, 0, 0)
    g.translate(w/2 + this.x, h/2 + this.y); g.rotate(this.turned*Math.PI/2); g.scale(scale, scale); g.translate(-width/2, -height/2)
    g.imageSmoothingEnabled = scale < 3; g.imageSmoothingQuality = 'high'
    g.drawImage(this.film, 0, 0)
    if (this.outlined) for (const line of this.lines) {
      g.beginPath(); line.points.forEach(([x, y], i) => i ? g.lineTo(x*width, y*height) : g.moveTo(x*width, y*height))
      g.lineWidth = line.width/scale; g.setLineDash(line.against ? [6/scale, 3/scale] : []); g.strokeStyle = line.against ? '#56B4E9' : '#E69F00'; g.stroke()
    }
    this.tell(fit*this.zoom)
  }
  tell(scale) {
    const z = this.about.zero, centre = (this.low + this.high)/2 + z, width = this.high - this.low
    const window = this.named == 'as screened' ? 'window as screened' : `window ${Math.round(centre)} / ${Math.round(width)}`
    this.output.textContent = `${window} · ${Math.round(100*scale)} %${this.turned ? ` · turned ${90*this.turned}°` : ''}${this.inverted ? ' · inverted' : ''}${this.outlined ? ' · outline' : ''}`
    Object.assign(this.stage.dataset, {low: this.low, high: this.high, zoom: this.zoom, turned: this.turned, inverted: this.inverted, outlined: this.outlined, x: this.x, y: this.y, depth: this.about.bytes*8})
  }
  grey(x, y) { return this.words[y*this.about.width + x] & 255 }
}
