// The worklist: filters without reloading, and new films while it is open
'use strict'
const form = document.querySelector('form.filter'), box = document.getElementById('rows')
const told = document.getElementById('told'), fault = document.getElementById('fault')
let query = location.search, version = box.dataset.version, asked = 0

function asks() {
  const p = new URLSearchParams(new FormData(form))
  if (!p.get('q')) p.delete('q')
  if (p.get('state') == 'all') p.delete('state')
  const boxes = [...form.querySelectorAll('[name=d]')]
  if (boxes.length && boxes.every(b => b.checked)) p.delete('d')
  else if (boxes.length && !boxes.some(b => b.checked)) p.set('d', 'none')
  return p.size ? '?' + p : ''
}
function say(words) { fault.textContent = words; fault.hidden = !words }

async function load(to, push) {
  const mine = ++asked, there = document.activeElement && document.activeElement.closest('[data-film]')
  let r
  try { r = await fetch('/rows' + to) } catch { return say('The page does not answer. What is shown may be old.') }
  if (r.status == 401) return location.assign('/login')
  if (!r.ok || mine != asked) return
  const got = await r.json()
  box.innerHTML = got.html                       // the server has escaped every word
  version = got.version; told.textContent = got.told; say(got.fault)
  for (const [d, n] of Object.entries(got.counts)) { const e = document.querySelector(`[data-count="${d}"]`); if (e) e.textContent = n.toLocaleString('en') }
  if (there) { const again = box.querySelector(`[data-film="${there.dataset.film}"] a`); if (again) again.focus() }
  query = to
  if (push) history.replaceState(null, '', '/' + to)
}
async function pulse() {
  if (!document.hidden) try {
    const r = await fetch('/pulse')
    if (r.status == 401) return location.assign('/login')
    const now = await r.json()
    if (now.version != version) await load(query, false); else say(now.fault)
  } catch { say('The page does not answer. What is shown may be old.') }
  setTimeout(pulse, 2000)
}
let waiting
form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(() => load(asks(), true), 150) })
form.addEventListener('submit', e => { e.preventDefault(); load(asks(), true) })
box.addEventListener('click', e => {
  const a = e.target.closest('.pages a')
  if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return
  e.preventDefault(); load(new URL(a.href).search, true).then(() => { scrollTo(0, 0); (box.querySelector('tbody a') || form.querySelector('[type=search]')).focus() })
})
box.addEventListener('error', e => { if (e.target.tagName == 'IMG') e.target.hidden = true }, true)
document.addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return
  const links = [...box.querySelectorAll('tbody a')], at = links.indexOf(document.activeElement)
  if (e.key == '/') { e.preventDefault(); form.querySelector('[type=search]').focus() }
  else if (e.key == 'j' && links.length) links[Math.min(at + 1, links.length - 1)].focus()
  else if (e.key == 'k' && links.length) links[Math.max(at - 1, 0)].focus()
})
setTimeout(pulse, 2000)
