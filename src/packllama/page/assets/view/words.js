// What the page says, in the language it speaks. Texts only: no markup comes out of a word or of what is filled in.
"use strict";

const LANGUAGES = {en: "English", zh: "中文"};

let _language = LANGUAGE || ((navigator.languages?.[0] || navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en");

/** The language that is spoken: a key of LANGUAGES. */
function language() {
  return _language;
}

/** @param {string} code a key of LANGUAGES */
function speak(code) {
  _language = code;
  document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
  document.title = say("title");
}

/**
 * A sentence, with `{name}` filled in by the values.
 * @param {string} key a key of WORDS
 * @param {Object<string, string|number>} values
 */
function say(key, values = {}) {
  return WORDS[key][_language].replace(/\{(\w+)\}/g, (whole, name) => name in values ? plain(values[name]) : whole);
}

/** A text from outside, with what cannot be seen, or turns the writing round, written out. */
function plain(text) {
  const written = (character) => `[U+${character.codePointAt().toString(16).toUpperCase().padStart(4, "0")}]`;
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, written);
}

/** What a failure says: a Refusal its sentence, anything else that it is a fault of the page. */
function sayError(error) {
  return error instanceof Refusal ? say(error.key, error.values) : say("bug", {text: String(error)});
}
