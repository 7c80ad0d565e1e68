// A canvas has red, green, blue and opacity of every pixel, 0 to 255; a network, planes of 0 to 1.
function shrunk(photo, canvas, longest) {
  const scale = Math.min(1, longest / Math.max(photo.width, photo.height));
  canvas.width = Math.round(scale * photo.width);
  canvas.height = Math.round(scale * photo.height);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";  // under a photo with holes
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
function planesOf(pixels) {
  const size = pixels.width * pixels.height, planes = new Float32Array(3 * size);
  for (let i = 0; i < 3 * size; i++)
    planes[i] = pixels.data[4 * (i % size) + Math.floor(i / size)] / 255;
  return planes;
}
function intoPixels(planes, pixels) {
  const size = planes.length / 3;
  for (let i = 0; i < 3 * size; i++)
    pixels.data[4 * (i % size) + Math.floor(i / size)] = 255 * planes[i];
  return pixels;
}
