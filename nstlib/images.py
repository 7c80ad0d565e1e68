# PROVISIONAL stand-in by the lead so that others can run; the owner (images/data helper) overwrites this file wholly.
from pathlib import Path
import numpy as np
from PIL import Image

def as_image(array):
    array = np.asarray(array)
    if array.dtype == np.uint8: array = array / 255.0
    if array.ndim == 3: array = array[None]
    return array.astype("float32")

def load_image(source, size=None, *, alpha="white"):
    image = as_image(np.asarray(Image.open(source).convert("RGB")))
    return resize(image, size) if size and size < max(image.shape[1:3]) else image

def resize(image, size):
    h, w = image.shape[1:3]
    if isinstance(size, int):
        f = size / max(h, w); size = (max(1, round(h * f)), max(1, round(w * f)))
    return np.stack([np.asarray(Image.fromarray(image[0, ..., c]).resize(size[::-1], Image.LANCZOS)) for c in range(3)], -1)[None].clip(0, 1)

def to_uint8(image): return (np.asarray(image)[0] * 255 + 0.5).astype("uint8")
def to_pil(image): return Image.fromarray(to_uint8(image))
def save_image(image, path, *, quality=95, overwrite=True, protect=()):
    Path(path).parent.mkdir(parents=True, exist_ok=True); to_pil(image).save(path, quality=quality); return Path(path)

def show(images, titles=None, *, columns=None, height=3.0):
    import matplotlib.pyplot as plt
    if isinstance(images, dict): titles, images = list(images), list(images.values())
    if not isinstance(images, (list, tuple)): images = [images]
    columns = columns or len(images); rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(height * 1.3 * columns, height * rows), squeeze=False)
    for a in axes.flat: a.axis("off")
    for i, im in enumerate(images):
        im = np.asarray(im); im = im[0] if im.ndim == 4 else im; im = im[..., 0] if im.ndim == 3 and im.shape[-1] == 1 else im
        axes.flat[i].imshow(im, cmap="gray"); axes.flat[i].set_title((titles or [""] * len(images))[i], fontsize=9)
    fig.tight_layout(); plt.show()
