// A picture on a page: to look at, to click on, to paint on, or to wipe away over another one.
// What is shown and what is done are traits of canvas.py; places go from 0 to 1.

const INK = "rgba(255, 64, 160, 0.55)";

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const pictures = {};
  let stroke = null;
  canvas.tabIndex = 0;
  canvas.style.cssText = "max-width: 100%; touch-action: none; display: block; outline-offset: 2px";
  el.appendChild(canvas);

  // --- What is seen ---

  function load(name) {
    const bytes = model.get(name);
    if (!bytes || !bytes.byteLength) {
      pictures[name] = null;
      draw();
      return;
    }
    const image = new Image();
    const url = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    image.onload = () => {
      URL.revokeObjectURL(url);
      pictures[name] = image; // only now, so that the old one stays until the new one is there
      draw();
    };
    image.src = url;
  }

  function draw() {
    const picture = pictures.picture;
    if (!picture) return;
    const width = model.get("width");
    const height = Math.round((width * picture.naturalHeight) / picture.naturalWidth);
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
    }
    const mode = model.get("mode");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", model.get("label"));
    canvas.style.cursor = { wipe: "ew-resize", click: "crosshair", paint: "crosshair" }[mode] || "";
    pen.setTransform(scale, 0, 0, scale, 0, 0); // from here on in pixels of the page
    pen.drawImage(picture, 0, 0, width, height);
    if (mode === "wipe" && pictures.before) wipe(model.get("split") * width, width, height);
    if (mode === "click") ring(model.get("at")[0] * width, model.get("at")[1] * height);
    if (mode === "paint" && stroke) ink(width, height);
  }

  function wipe(split, width, height) {
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, split, height);
    pen.clip();
    pen.drawImage(pictures.before, 0, 0, width, height);
    pen.restore();
    pen.fillStyle = "white";
    pen.fillRect(split - 1, 0, 2, height);
    pen.beginPath();
    pen.arc(split, height / 2, 8, 0, 2 * Math.PI);
    pen.fill();
  }

  function ring(x, y) {
    for (const [color, radius] of [["black", 9], ["white", 7]]) {
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.strokeStyle = color;
      pen.lineWidth = 2;
      pen.stroke();
    }
  }

  function ink(width, height) {
    pen.strokeStyle = INK;
    pen.lineWidth = 2 * model.get("radius") * Math.max(width, height);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(x * width, y * height);
    pen.stroke();
  }

  // --- What is done ---

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const share = (value, from, length) => Math.min(1, Math.max(0, (value - from) / length));
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  }

  function set(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  function act(event) {
    const mode = model.get("mode");
    if (mode === "wipe") set("split", place(event)[0]);
    if (mode === "paint") {
      stroke = [...(stroke || []), place(event)];
      draw();
    }
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (model.get("mode") === "click") set("at", place(event));
    act(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) act(event);
  });
  canvas.addEventListener("pointerup", () => {
    if (stroke) set("stroke", stroke); // Python answers with the picture that shows it
    stroke = null;
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!step || model.get("mode") !== "wipe") return;
    event.preventDefault();
    set("split", Math.min(1, Math.max(0, model.get("split") + step)));
  });

  for (const name of ["picture", "before"]) {
    model.on(`change:${name}`, () => load(name));
    load(name);
  }
  for (const name of ["mode", "split", "at", "width", "label"]) model.on(`change:${name}`, draw);
}

export default { render };
