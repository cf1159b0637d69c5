"use strict";
// Boxes are drawn over the image. Rows count from the bottom, as in FITS; the canvas counts from the top.
const $ = (id) => document.getElementById(id);
const canvas = $("canvas"), context = canvas.getContext("2d"), view = $("view");
const FIELDS = ["x0", "y0", "width", "height"];
let state = null, image = null, boxes = [], saved = "", past = [], future = [];
let saving = false, chosen = -1, scale = 1, tool = "draw", start = null, current = null;

function message(text, isError = false) {
  $("message").textContent = text;
  $("message").className = isError ? "error" : "";
}

function copy(list) { return list.map((box) => ({ ...box })); }

function change(next, selected) {
  if (saving) return;
  past.push(copy(boxes));
  future = [];
  boxes = next;
  chosen = selected;
  refresh();
}

function refresh() {
  $("undo").disabled = past.length === 0;
  $("redo").disabled = future.length === 0;
  $("delete").disabled = chosen < 0;
  $("save").disabled = JSON.stringify(boxes) === saved;
  $("count").textContent = `${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}`;
  const rows = boxes.map((box, index) => {
    const row = document.createElement("tr");
    row.tabIndex = 0;
    row.setAttribute("aria-selected", String(index === chosen));
    for (const name of FIELDS) {
      const cell = document.createElement("td");
      cell.textContent = box[name];
      row.append(cell);
    }
    const select = () => { chosen = index; refresh(); };
    row.addEventListener("click", select);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select(); $("x0").focus(); } });
    return row;
  });
  $("rows").replaceChildren(...rows);
  $("values").hidden = chosen < 0;
  if (chosen >= 0) for (const name of FIELDS) $(name).value = boxes[chosen][name];
  draw();
}

function draw() {
  if (!image) return;
  const w = Math.max(1, Math.round(state.width * scale)), h = Math.max(1, Math.round(state.height * scale));
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  context.imageSmoothingEnabled = scale < 1;
  context.drawImage(image, 0, 0, w, h);
  boxes.forEach((box, index) => outline(box, index === chosen ? "#00a8ff" : "#ffb000"));
  if (current) outline(current, "#00a8ff");
  $("zoom").textContent = `${Math.round(scale * 100)}%`;
}

function outline(box, colour) {
  const x = box.x0 * scale, y = (state.height - box.y0 - box.height) * scale;
  const w = Math.max(1, box.width * scale), h = Math.max(1, box.height * scale);
  context.fillStyle = `${colour}40`;
  context.fillRect(x, y, w, h);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(x - 1, y - 1, w + 2, h + 2);
}

function pixel(event) {
  const frame = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - frame.left) / scale), y = Math.floor((event.clientY - frame.top) / scale);
  return {
    x: Math.min(Math.max(x, 0), state.width - 1),
    y: Math.min(Math.max(state.height - 1 - y, 0), state.height - 1),
  };
}

function between(a, b) {
  return {
    row: null, x0: Math.min(a.x, b.x), y0: Math.min(a.y, b.y),
    width: Math.abs(a.x - b.x) + 1, height: Math.abs(a.y - b.y) + 1,
  };
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !state) return;
  canvas.setPointerCapture(event.pointerId);
  start = { ...pixel(event), clientX: event.clientX, clientY: event.clientY, left: view.scrollLeft, top: view.scrollTop };
});
canvas.addEventListener("pointermove", (event) => {
  if (!state) return;
  const place = pixel(event);
  $("position").textContent = `x ${place.x}, y ${place.y}`;
  if (!start) return;
  if (tool === "pan") {
    view.scrollLeft = start.left - (event.clientX - start.clientX);
    view.scrollTop = start.top - (event.clientY - start.clientY);
  } else {
    current = between(start, place);
    draw();
  }
});
canvas.addEventListener("pointerup", (event) => {
  if (!start) return;
  const place = pixel(event), isClick = place.x === start.x && place.y === start.y;
  const from = start;
  start = current = null;
  if (tool === "pan") return;
  const hit = boxes.findIndex((box) => place.x >= box.x0 && place.x < box.x0 + box.width && place.y >= box.y0 && place.y < box.y0 + box.height);
  if (isClick && hit >= 0) { chosen = hit; refresh(); return; }
  change([...boxes, between(from, place)], boxes.length);
});
canvas.addEventListener("pointercancel", () => { start = current = null; draw(); });

function zoom(factor) {
  const middle = { x: (view.scrollLeft + view.clientWidth / 2) / scale, y: (view.scrollTop + view.clientHeight / 2) / scale };
  // Browsers have no canvas of more than some 16,000 pixels a side.
  const largest = 16000 / Math.max(state.width, state.height);
  scale = Math.min(Math.max(scale * factor, 0.01), largest, 64);
  draw();
  view.scrollLeft = middle.x * scale - view.clientWidth / 2;
  view.scrollTop = middle.y * scale - view.clientHeight / 2;
}
function fit() {
  scale = Math.min(view.clientWidth / state.width, view.clientHeight / state.height);
  if (scale > 1) scale = Math.floor(scale);
  draw();
}
function use(name) {
  tool = name;
  $("draw").setAttribute("aria-pressed", String(name === "draw"));
  $("pan").setAttribute("aria-pressed", String(name === "pan"));
  canvas.className = name === "pan" ? "pan" : "";
}
function undo() { if (past.length && !saving) { future.push(copy(boxes)); boxes = past.pop(); chosen = -1; refresh(); } }
function redo() { if (future.length && !saving) { past.push(copy(boxes)); boxes = future.pop(); chosen = -1; refresh(); } }
function remove() { if (chosen >= 0) change(boxes.filter((_, index) => index !== chosen), -1); }

function add() {
  // A pixel in the middle of what is shown; its values can be typed.
  if (!state) return;
  const middle = (offset, size, most) => Math.min(Math.max(Math.floor((offset + size / 2) / scale), 0), most - 1);
  const x = middle(view.scrollLeft, Math.min(view.clientWidth, canvas.width), state.width);
  const y = state.height - 1 - middle(view.scrollTop, Math.min(view.clientHeight, canvas.height), state.height);
  change([...boxes, between({ x, y }, { x, y })], boxes.length);
  $("x0").focus();
  $("x0").select();
}

async function send(name, body) {
  const answer = await fetch(name, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || answer.statusText);
  return value;
}
async function save() {
  if (saving) return;
  saving = true;
  try {
    state = await send("save", { version: state.version, boxes });
    boxes = state.boxes;
    saved = JSON.stringify(boxes);
    // Rows have new numbers: what was undone would refer to others.
    past = []; future = []; chosen = -1;
    message(`saved: ${state.name}`);
  } catch (error) { message(error.message, true); }
  saving = false;
  refresh();
}
async function end() {
  if (JSON.stringify(boxes) !== saved && !window.confirm("The list has changes that are not saved. End without them?")) return;
  try { await send("end", {}); } catch (error) { /* it has ended */ }
  saved = JSON.stringify(boxes);
  message("ended; this page can be closed");
  for (const button of document.querySelectorAll("button")) button.disabled = true;
}

for (const name of FIELDS) $(name).addEventListener("change", () => {
  const value = Number($(name).value);
  if (chosen < 0 || !Number.isInteger(value) || value < (name === "width" || name === "height" ? 1 : 0)) { refresh(); return; }
  change(boxes.map((box, index) => index === chosen ? { ...box, [name]: value } : box), chosen);
});
$("draw").onclick = () => use("draw");
$("pan").onclick = () => use("pan");
$("in").onclick = () => zoom(1.5);
$("out").onclick = () => zoom(1 / 1.5);
$("fit").onclick = fit;
$("add").onclick = add;
$("undo").onclick = undo;
$("redo").onclick = redo;
$("delete").onclick = remove;
$("save").onclick = save;
$("end").onclick = end;
$("values").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement, key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    const action = { z: event.shiftKey ? redo : undo, y: redo, s: save }[key];
    if (action) { event.preventDefault(); action(); }
    return;
  }
  if (event.altKey || (isTyping && key !== "escape")) return;
  const action = { d: () => use("draw"), n: add, p: () => use("pan"), f: fit, "+": () => zoom(1.5), "-": () => zoom(1 / 1.5), delete: remove, backspace: remove, escape: () => { chosen = -1; refresh(); } }[key];
  if (action) { event.preventDefault(); action(); }
});
window.addEventListener("beforeunload", (event) => { if (JSON.stringify(boxes) !== saved) event.preventDefault(); });

(async () => {
  state = await (await fetch("state")).json();
  document.title = state.name;
  $("name").textContent = `${state.name} — ${state.width} × ${state.height} pixels, shades from ${state.low.toPrecision(4)} to ${state.high.toPrecision(4)}`;
  boxes = state.boxes;
  saved = JSON.stringify(boxes);
  image = new Image();
  image.src = "image.png";
  await image.decode();
  fit();
  refresh();
  document.body.dataset.ready = "yes";
})().catch((error) => message(error.message, true));
