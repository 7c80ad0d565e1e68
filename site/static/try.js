// The page that paints: a photo, two styles and the walk between them, in onnxruntime-web on one thread.
// Nothing is sent anywhere. All words are in try.html, so that this file serves every language.
"use strict";
const FOLDER = new URL("../try/", location).href;
const LARGEST = 80e6, SMALLEST = 32;  // pixels of a photo; of its shorter side, for the networks
const SIMD = atob("AGFzbQEAAAABBQFgAAF7AwIBAAoKAQgAQQD9D/1iCw==");  // a program with one such instruction
const at = id => document.getElementById(id);
const chosen = name => document.querySelector(`#try input[name=${name}]:checked`).value;
const canvas = at("painting"), view = at("view"), shrinking = document.createElement("canvas");
const loading = {};  // name of a network -> promise of it
let networks, photo, title, pixels, planes, painted, newest = 0, last = Promise.resolve();

const trouble = (name, what = "") => Object.assign(new Error(name), { what });
const say = (name, what = "") => { at("status").textContent = at("say-" + name).textContent.replace("…", what); };
const guarded = work => async (...given) => {  // whatever goes wrong becomes a sentence
  try { return await work(...given); } catch (error) {
    say(...at("say-" + error.message) ? [error.message, error.what] : ["lost", String(error.message ?? error).slice(0, 120)]);
  }
};
async function fetched(name) {
  const answer = await fetch(FOLDER + name).catch(() => null);
  if (!answer?.ok) throw trouble("lost", name);
  return answer.arrayBuffer();
}

// --- The photo
const loaded = address => new Promise((good, bad) => {  // knows its size, and is not unpacked yet
  const image = Object.assign(new Image(), { onload: () => good(image), onerror: bad, src: address });
});
const choose = guarded(async file => {
  if (!file) return;
  const image = await loaded(URL.createObjectURL(file)).catch(() => {
    throw trouble(/\.(heic|heif|hif)$/i.test(file.name) ? "heic" : "unread", file.name);
  });
  const millions = image.width * image.height / 1e6;
  if (millions > LARGEST / 1e6) throw trouble("large", Math.round(millions));
  take(image, file.name.replace(/\.\w+$/, ""));
});
const sample = guarded(async () => {
  const { file, name } = networks.photos[chosen("sample")];
  take(await loaded(FOLDER + file), name);
});
const camera = guarded(async () => {
  if (!view.srcObject) {
    view.srcObject = await navigator.mediaDevices?.getUserMedia({ video: true }).catch(() => null);
    if (!view.srcObject) throw trouble("camera");
    await view.play(), say("smile");
  } else {
    take(await createImageBitmap(view), "camera");
    view.srcObject.getTracks().forEach(track => track.stop());
    view.srcObject = null;
  }
  canvas.hidden = !(view.hidden = !view.srcObject);
  at("camera").setAttribute("aria-pressed", canvas.hidden);
});
function take(picture, name) {
  const sides = [picture.width, picture.height], size = +at("size").value;
  if (Math.min(...sides) * Math.min(1, size / Math.max(...sides)) < SMALLEST) throw trouble("narrow");
  [photo, title, painted] = [picture, name, null];
  pixels = shrunk(photo, shrinking, size);
  planes = planesOf(pixels);
  for (const one of document.querySelectorAll("#sample input")) one.checked &&= networks.photos[one.value].name === name;
  paint();
}

// --- The painting
async function opened({ file, vectors, ...network }) {
  const [graph, numbers] = await Promise.all([fetched(file), fetched(vectors)]);
  return { ...network, numbers: new Float32Array(numbers), session: await ort.InferenceSession.create(graph) };
}
function between({ inputs, numbers }, share) {  // what the network takes beside the picture
  let begin = 0;
  const given = {}, sum = inputs.reduce((all, [, length]) => all + length, 0);
  const [from, to] = ["from", "to"].map(end => numbers.subarray(sum * chosen(end)));
  for (const [name, length] of inputs) {
    const mixed = Float32Array.from({ length }, (_, i) => (1 - share) * from[begin + i] + share * to[begin + i]);
    given[name] = new ort.Tensor("float32", mixed, [1, length]);
    begin += length;
  }
  return given;
}
function paint() {  // one at a time; of several wishes that wait only the newest is granted
  const mine = ++newest;
  last = last.then(guarded(async () => {
    if (mine < newest || !pixels) return;
    const name = chosen("network"), { width, height } = pixels, given = planes;
    say(name in loading ? "painting" : "loading");
    const network = await (loading[name] ??= opened(networks[name]));
    await new Promise(done => setTimeout(done, 20));  // for the sentence to be seen
    const begin = performance.now(), image = new ort.Tensor("float32", given, [1, 3, height, width]);
    const { painting } = await network.session.run({ image, ...between(network, at("walk").value / 100) });
    if (given !== planes) return;
    painted = painting.data, show();
    say("painted", `${width} × ${height}, ${((performance.now() - begin) / 1000).toFixed(2)} s`);
  }));
}
function finished() {  // as nst.stylizer ends: with the photo's colours if wanted, and as strong as wanted
  const size = planes.length / 3, strength = at("strength").value / 100, own = at("own").checked;
  const mixed = new Float32Array(3 * size), light = (p, i) => 0.299 * p[i] + 0.587 * p[i + size] + 0.114 * p[i + 2 * size];
  for (let i = 0; i < size; i++) {
    const change = own ? light(painted, i) - light(planes, i) : 0;
    for (let j = i; j < 3 * size; j += size) {
      const aim = own ? Math.min(1, Math.max(0, planes[j] + change)) : painted[j];
      mixed[j] = planes[j] + strength * (aim - planes[j]);
    }
  }
  return intoPixels(mixed, new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height));
}
function show() {
  if (!painted) return;
  const { width, height } = Object.assign(canvas, { width: pixels.width, height: pixels.height });
  const context = canvas.getContext("2d"), cut = Math.round(at("wipe").value / 100 * width);
  context.putImageData(finished(), 0, 0);
  context.putImageData(pixels, 0, 0, 0, 0, cut, height);
  context.fillStyle = "white";
  context.fillRect(cut - 1, 0, cut % width ? 2 : 0, height);
  describe();
}
function save() {
  if (!painted) return;
  shrinking.getContext("2d").putImageData(finished(), 0, 0);
  Object.assign(document.createElement("a"), { href: shrinking.toDataURL(), download: `${title}_painted.png` }).click();
}

// --- The page
function hang(group, pictures, first) {  // a radio button for each picture
  at(group).replaceChildren(...pictures.map((picture, value) => {
    const label = at("one").content.firstElementChild.cloneNode(true), [button, image] = label.children;
    Object.assign(button, { name: group, value, checked: value === first });
    Object.assign(image, { src: FOLDER + picture.thumb, alt: picture.title, title: picture.title });
    return label;
  }));
}
const hangStyles = () => ["from", "to"].forEach((end, i) => hang(end, networks[chosen("network")].styles, 2 * i));
function describe() {
  const { styles } = networks[chosen("network")], [from, to] = ["from", "to"].map(end => styles[chosen(end)].title);
  const walk = at("walk"), way = `${100 - walk.value} % ${from}, ${walk.value} % ${to}`;
  [at("here").textContent, at("there").textContent] = [from, to];
  walk.setAttribute("aria-valuetext", way);
  canvas.setAttribute("aria-label", `${title}: ${way}`);
}
const wipe = event => event.buttons && (at("wipe").value = 100 * event.offsetX / canvas.clientWidth, show());
const act = { from: paint, to: paint, walk: paint, strength: show, own: show, wipe: show, sample,
  network: () => (hangStyles(), paint()), size: guarded(() => photo && take(photo, title)), file: event => choose(event.target.files[0]) };

guarded(async () => {
  if (location.protocol === "file:") throw trouble("served");
  if (!globalThis.WebAssembly?.validate(Uint8Array.from(SIMD, letter => letter.charCodeAt(0)))) throw trouble("simd");
  if (!globalThis.ort) throw trouble("lost", "ort.wasm.min.js");
  Object.assign(ort.env.wasm, { numThreads: 1, wasmPaths: FOLDER });
  networks = JSON.parse(new TextDecoder().decode(await fetched("networks.json")));
  hang("sample", networks.photos, 0);
  hangStyles();
  at("try").oninput = event => act[event.target.name]?.(event);
  at("try").ondragover = event => event.preventDefault();
  at("try").ondrop = event => (event.preventDefault(), choose(event.dataTransfer.files[0]));
  [at("camera").onclick, at("save").onclick] = [camera, save];
  canvas.onpointerdown = canvas.onpointermove = wipe;
  await sample();
})();
