// What is searched for, as words: Chinese puts no spaces between them. Sphinx asks this function, if
// there is one, once its index is here: the longest words that the index knows are taken, from the
// left. Other languages fall apart at spaces and signs, as by Sphinx's own.
"use strict";

var splitQuery = (query) =>
  query
    .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
    .flatMap((part) => part.match(/\p{Script=Han}+|[^\p{Script=Han}]+/gu) ?? [])
    .flatMap((part) => (/\p{Script=Han}/u.test(part) ? chineseWords(part) : [part]));

// Sphinx 8 and 9 ask for a stemmer of this name and define none, and then find nothing at all. Its
// index of a Chinese page has Latin words as the English one shortens them.
var ChineseStemmer = function () {
  return new EnglishStemmer();
};

function chineseWords(text) {
  const longest = 8; // letters
  const known = (word) =>
    Object.hasOwn(Search._index.terms, word) || Object.hasOwn(Search._index.titleterms, word);
  const words = [];
  for (let start = 0; start < text.length; ) {
    let length = Math.min(longest, text.length - start);
    while (length > 1 && !known(text.slice(start, start + length))) length -= 1;
    if (length > 1) words.push(text.slice(start, start + length));
    start += length;
  }
  return words.length ? words : [text];
}
