// The small things that the steps are made of.
"use strict";

const html = htm.bind(preact.h);
const {useState, useEffect, useMemo, useRef, useId} = preactHooks;

// Of a long list nobody reads more; tensor models have thousands of layers.
const MOST_ROWS = 200;

/** One step: its number, or a tick once it is done, its title, and what is in it. */
function Step({number, title, done, children}) {
  const id = useId();
  return html`
    <section class="step ${done ? "done" : ""}" aria-labelledby=${id}>
      <span class="number" aria-hidden="true">${done ? "✓" : number}</span>
      <h2 id=${id}>${title}${done && html`<span class="unseen"> – ${say("done")}</span>`}</h2>
      ${children}
    </section>`;
}

/** A sentence that something is wrong; it is read out when it appears. */
function Trouble({error}) {
  return html`<div role="alert">${error && html`<p class="trouble">${sayError(error)}</p>`}</div>`;
}

/** A button that copies a text and says that it did. `about`: what, for who does not see what stands beside it. */
function CopyButton({text, label = say("copy"), about, loud = false}) {
  const [outcome, setOutcome] = useState({});
  const copy = async ({currentTarget}) => {
    setOutcome({});
    setOutcome({of: text, key: await _copy(text, currentTarget) ? "copied" : "copy.failed"});
  };
  const said = outcome.of === text ? say(outcome.key) : "";
  return html`
    <button type="button" class=${loud ? "" : "quiet"} onClick=${copy}>${said || label}${
      about && html`<span class="unseen"> ${about}</span>`}</button>
    <span role="status" class="unseen">${said}</span>`;
}

/** Pages that came by plain http have no clipboard of their own; a selection can be copied everywhere. */
async function _copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    button.after(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    button.focus();
    return copied;
  }
}

/** One of several: radio buttons that look like tabs. `options`: what is chosen, and its label; they may be languages. */
function Choice({legend, options, value, languages = false, onChange}) {
  const name = useId();
  return html`
    <fieldset class="choice">
      <legend>${legend}</legend>
      ${Object.entries(options).map(([option, label]) => html`
        <label key=${option}>
          <input type="radio" name=${name} value=${option} checked=${option === value} onChange=${() => onChange(option)} />
          <span lang=${languages ? option : undefined}>${label}</span>
        </label>`)}
    </fieldset>`;
}

/** A button that opens the choice of files. `folder`: of a whole folder. */
function Picker({label, folder = false, multiple = false, onFiles}) {
  const input = useRef();
  const chosen = (event) => {
    onFiles(_chosenIn(event.currentTarget));
    event.currentTarget.value = "";
  };
  return html`
    <button type="button" onClick=${() => input.current.click()}>${label}</button>
    <input ref=${input} type="file" hidden tabindex="-1" multiple=${multiple} webkitdirectory=${folder} onChange=${chosen} />`;
}

/** As what is dropped: a promise, which may be refused. */
async function _chosenIn(input) {
  return filesOfInput(input);
}

/** How many of a long list are not shown. */
function More({all, shown}) {
  return all > shown ? html`<p>${say("files.more", {count: all - shown})}</p>` : null;
}

/** What a button does that goes away with it: the focus goes on to another of its step, not to the top of the page. */
function andFocus(selector, act) {
  return ({currentTarget}) => {
    currentTarget.closest("section").querySelector(selector).focus();
    act();
  };
}

/** A text that is copied by hand or by its button. */
function Mono({text}) {
  return html`<code class="mono" dir="ltr">${text}</code>`;
}

/** What a file is: in words where we have them, else as the manifest calls it, a text from outside. */
function whatIs(link) {
  const key = `what.${link.what}`;
  return Object.hasOwn(WORDS, key) ? say(key) : plain(link.what.slice(0, 100));
}
