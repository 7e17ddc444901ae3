// Reading: films one after the other, answers that are kept before the next film comes, everything by keyboard
'use strict'
const $ = id => document.getElementById(id), main = $('main'), csrf = document.querySelector('meta[name=csrf]').content
const viewer = new Viewer($('now')), other = new Viewer($('before')), ahead = new Map()
let query = location.search, film = main.dataset.film, about = null, opened = 0, busy = false
const buttons = [...document.querySelectorAll('[data-answer]')]

function fault(words) { $('fault').textContent = words || ''; $('fault').hidden = !words }
function say(words) { $('told').textContent = words }
async function ask(path, body) {
  const how = body === undefined ? {} : {method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRF': csrf}, body: JSON.stringify(body)}
  const r = await fetch(path, how)
  if (r.status == 401) { location.assign('/login'); throw new Error('The session has ended.') }
  if (!r.ok) throw new Error((await r.text()).slice(0, 400) || `The page answered ${r.status}.`)
  return r
}
function pixels(id) {                                     // from the next film's, which were fetched ahead, or from the server
  if (!ahead.has(id)) ahead.set(id, ask(`/film/${id}/pixels`).then(r => r.arrayBuffer()))
  return ahead.get(id)
}
function fetchAhead(id) {
  for (const k of [...ahead.keys()]) if (k != id && k != film) ahead.delete(k)
  if (id) pixels(id).catch(() => ahead.delete(id))
}
function element(tag, words, kind) { const e = document.createElement(tag); e.textContent = words; if (kind) e.className = kind; return e }

function tellResult() {
  const box = $('result'), r = about.result
  box.replaceChildren()
  if (!r) return box.append(element('p', about.forced ? 'Blind: the result stays hidden.' : 'Blind mode: the result is hidden until you have answered.'))
  box.append(element('b', r.headline, r.decision))
  if (r.score !== null) box.append(element('p', `score ${r.shown}; ${r.point}`))
  if (r.note) box.append(element('p', r.note))
  for (const [flag, words] of r.flags) box.append(element('p', words, 'small'))
  box.append(element('p', 'Support for the order of reading and no diagnosis.', 'small'))
}
function tell() {
  document.title = `${about.name} · pneumo_page`
  $('name').textContent = about.name; $('place').textContent = `${about.place.toLocaleString('en')} of ${about.of.toLocaleString('en')}, ${about.left.toLocaleString('en')} unread`
  $('patient').textContent = about.patient || ''
  $('phantom').hidden = !about.phantom
  $('now').querySelector('.label').textContent = about.name; $('now').querySelector('canvas').setAttribute('aria-label', `Film ${about.name}`)
  for (const b of buttons) b.setAttribute('aria-pressed', b.dataset.answer == about.mine.answer)
  $('comment').value = about.mine.comment || ''
  $('list').href = '/' + query.replace(/[?&]final=1/, '')
  document.querySelector('[data-do=outline]').disabled = !about.result || about.result.score === null
  const h = document.querySelector('[data-do=before]')
  h.disabled = !about.before.length; h.firstChild.textContent = about.before.length ? 'Previous film ' : 'No previous film '
  tellResult()
}
async function open(id, push) {
  const start = performance.now()
  busy = true; fault(''); $('outline').textContent = ''; hideBefore()
  film = id; main.dataset.film = id
  if (push) history.pushState(null, '', `/film/${id}${query}`)
  const data = pixels(id)
  data.catch(() => 0)
  try {
    about = await (await ask(`/film/${id}/about${query}`)).json()
    tell()
  } catch (e) { fault(String(e.message || e)); busy = false; return }
  try {
    viewer.show(await data)
    if (viewer.about.changed) fault('This file has changed since it was screened: score and film may not belong together.')
  } catch (e) { ahead.delete(id); viewer.clear('cannot be shown'); fault(String(e.message || e)) }
  opened = performance.now(); busy = false
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  main.dataset.ms = performance.now() - start; main.dataset.shown = id
  setTimeout(() => fetchAhead(about.unread || about.next), 50)
}
async function answer(word) {
  if (busy || !about) return
  busy = true; say('…')
  const final = new URLSearchParams(query).get('final') == '1'
  try {
    const body = {answer: word, comment: $('comment').value, seconds: (performance.now() - opened)/1000, final}
    const kept = await (await ask(`/film/${film}/read${query}`, body)).json()
    say(`Kept: ${word}, ${about.name} (line ${kept.id}).`)
    busy = false
    if (final) return location.assign('/reads')
    if (kept.unread) await open(kept.unread, true)
    else { await open(film, false); say(`Kept: ${word} (line ${kept.id}). No film is left unread.`) }
  } catch (e) { busy = false; say(''); fault(`Not kept: ${e.message || e} Answer again when the page is back.`) }
}
async function undo() {
  if (busy) return
  try {
    const was = await (await ask('/undo', {})).json()
    if (!was.film) return say(was.answer ? `Taken back: ${was.answer}, of a film that is no longer on the list.` : 'There is nothing to take back.')
    if (was.film == film) { about = await (await ask(`/film/${film}/about${query}`)).json(); tell() } else await open(was.film, true)
    say(`Taken back: ${was.answer}.`)
  } catch (e) { fault(`Not taken back: ${e.message || e}`) }
}
async function outline() {
  if (!about || !about.result || about.result.score === null) return
  if (!viewer.lines.length) {
    const asked = film
    $('outline').textContent = 'The network is asked, place by place …'
    try {
      const got = await (await ask(`/film/${asked}/outline`)).json()
      if (asked != film) return
      viewer.lines = got.lines; $('outline').textContent = got.words.join(' ')
    } catch (e) { return $('outline').textContent = String(e.message || e) }
  }
  viewer.outlined = !viewer.outlined; pressed('outline', viewer.outlined); viewer.draw()
  if (!viewer.outlined) $('outline').textContent = ''
}
function pressed(what, is) { document.querySelector(`[data-do=${what}]`).setAttribute('aria-pressed', is) }
function hideBefore() { $('before').hidden = true; pressed('before', false); pressed('outline', false); pressed('invert', false) }
async function before() {
  if (!about || !about.before.length) return
  if (!$('before').hidden) return hideBefore()
  const b = about.before[0]
  $('before').hidden = false; pressed('before', true)
  $('before').querySelector('.label').textContent = `before: ${b.name}${b.taken ? ', ' + b.taken : ''}`
  try { other.show(await pixels(b.film)) } catch (e) { other.clear('cannot be shown'); fault(String(e.message || e)) }
}
const doing = {
  undo, outline, before, help: () => $('help').showModal(),
  back: () => about && about.previous && open(about.previous, true), next: () => about && about.next && open(about.next, true),
  bigger: v => v.zoomAt(1.25), smaller: v => v.zoomAt(.8), reset: v => { v.reset(); pressed('invert', false); v.paint() },
  invert: v => { v.inverted = !v.inverted; pressed('invert', v.inverted); v.paint() }, rotate: v => { v.turned = (v.turned + 1) % 4; v.draw() },
  pan: v => { viewer.pans = other.pans = !viewer.pans; pressed('pan', viewer.pans) },
}
const aimed = () => $('before').contains(document.activeElement) && !$('before').hidden ? other : viewer
const keys = {z: 'undo', ArrowLeft: 'back', ArrowRight: 'next', '+': 'bigger', '=': 'bigger', '-': 'smaller', 0: 'reset', i: 'invert', r: 'rotate', m: 'pan', o: 'outline', h: 'before', '?': 'help'}
const needsFilm = new Set(['bigger', 'smaller', 'reset', 'invert', 'rotate'])
function act(name) { const v = aimed(); if (!needsFilm.has(name) || v.about) doing[name](v) }

main.addEventListener('click', e => {
  const b = e.target.closest('button')
  if (!b) return
  if (b.dataset.answer) answer(b.dataset.answer)
  else if (b.dataset.window) { const v = aimed(); if (v.about) { v.window(b.dataset.window); v.paint() } }
  else if (b.dataset.do) act(b.dataset.do)
})
document.addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || $('help').open) return
  if (e.target.id == 'comment') { if (e.key == 'Escape') $('now').querySelector('canvas').focus(); return }
  if (e.target.tagName == 'INPUT' || !$('keys').checked) return
  const v = aimed(), step = {ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, -40], ArrowDown: [0, 40]}[e.key]
  if (e.shiftKey && step) { v.x += step[0]; v.y += step[1]; v.draw(); return e.preventDefault() }
  const shift = {'[': [.85, 0], ']': [1/.85, 0], ',': [1, -.06], '.': [1, .06]}[e.key]
  if (shift && v.about) return v.shift(...shift)
  const b = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`)
  if (b) { e.preventDefault(); b.dataset.answer ? answer(b.dataset.answer) : b.click() }
  else if (e.key == 'c') { e.preventDefault(); $('comment').focus() }
  else if (e.key == 'l') location.assign($('list').href)
  else if (keys[e.key]) { e.preventDefault(); act(keys[e.key]) }
})
try { $('keys').checked = localStorage.getItem('keys') != 'off' } catch { /* the browser keeps nothing */ }
$('keys').addEventListener('change', () => { try { localStorage.setItem('keys', $('keys').checked ? 'on' : 'off') } catch { /* so be it */ } })
addEventListener('popstate', () => { const id = location.pathname.split('/')[2]; query = location.search; if (id) open(id, false) })
open(film, false)
