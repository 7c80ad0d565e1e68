// Draws the faces of chapter 11, one PNG each, into a folder: node make_faces.mjs FOLDER SIZE
//
// Adventurer by Lisa Wischofsky (CC BY 4.0), by way of DiceBear (MIT): a seed decides hair, eyes and
// mouth, and options decide the rest, so that one face can be had in colour, in ink, and with glasses.
import { writeFileSync } from 'node:fs';
import { createAvatar } from '@dicebear/core';
import * as adventurer from '@dicebear/adventurer';
import { Resvg } from '@resvg/resvg-js';

const [folder, size] = process.argv.slice(2);
const PLAIN = { glassesProbability: 0, earringsProbability: 0, featuresProbability: 0 };
const PAPER = { ...PLAIN, backgroundColor: ['f4efe2'] };
// Of the artist's colours for hair, those that are like no skin: green, blue, violet, gray, pink.
const HAIR = ['3eac2c', '85c2c6', '592454', 'afafaf', 'dba3be'];
const COLOUR = { ...PAPER, hairColor: HAIR };
const INK = { ...PAPER, skinColor: ['ffffff'], hairColor: ['1a1a1a'] };
const GLASSES = { ...COLOUR, glassesProbability: 100 };

function draw(kind, number, seed, options) {
  const svg = createAvatar(adventurer, { seed: `face ${seed}`, ...options }).toString();
  const png = new Resvg(svg, { fitTo: { mode: 'width', value: Number(size) } }).render().asPng();
  writeFileSync(`${folder}/${kind}_${String(number).padStart(3, '0')}.png`, png);
}

// Three collections that share no face, and 64 further faces of which all three drawings exist.
for (let n = 0; n < 512; n++) draw('colour', n, n, COLOUR);
for (let n = 0; n < 512; n++) draw('ink', n, 1000 + n, INK);
for (let n = 0; n < 256; n++) draw('glasses', n, 2000 + n, GLASSES);
for (let n = 0; n < 64; n++) {
  draw('pairs', n, 3000 + n, COLOUR);
  draw('pairs', 64 + n, 3000 + n, INK);
  draw('pairs', 128 + n, 3000 + n, GLASSES);
}
