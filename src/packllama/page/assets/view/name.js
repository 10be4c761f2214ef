// The first step: a name, however it is written.
"use strict";

const _EXAMPLES = ["gemma3:12b", "qwen3:0.6b", "hf.co/unsloth/gemma-3-4b-it-GGUF:Q4_K_M"];

/** `typed`: what the text means, or null; `error`: why it means nothing. `onMean` is told what text is meant so. */
function NameStep({text, typed, error, onText, onMean}) {
  const [left, setLeft] = useState(false);
  const id = useId();
  const leave = () => {
    setLeft(true);
    onMean(text);
  };
  const shown = left && text.trim() && error;
  return html`
    <${Step} number="1" title=${say("name.title")} done=${typed}>
      <form onSubmit=${(event) => { event.preventDefault(); leave(); }}>
        <label for=${id}>${say("name.label")}</label>
        <input id=${id} class="name" dir="ltr" value=${text} placeholder="gemma3:12b" maxlength="4000"
          autocomplete="off" autocapitalize="none" spellcheck=${false} autofocus
          aria-invalid=${shown ? "true" : "false"} aria-describedby="${id}-hint"
          onInput=${(event) => { setLeft(false); onText(event.currentTarget.value); }}
          onBlur=${leave} />
        <p class="hint" id="${id}-hint">${say("name.hint")}</p>
      </form>
      <p class="examples">
        ${say("name.examples")}${" "}
        ${_EXAMPLES.map((name) => html`<button type="button" class="quiet" key=${name} dir="ltr"
          onClick=${() => { onText(name); onMean(name); }}>${name}</button>${" "}`)}
      </p>
      <${Trouble} error=${shown} />
      <div role="status">
        ${typed && html`<p class="meant">${say("name.meant")} <${Mono} text=${typed.name.full} /></p>`}
      </div>
    <//>`;
}
