// The fourth step: whether what was downloaded is right. Files are read on this machine and go nowhere.
"use strict";

const _SIGNS = {
  right: "✓", damaged: "✗", incomplete: "…", unreadable: "✗", missing: "–", waiting: "·", hashing: "·",
};

/** `state`: how far the check is, or null; `knows`: there is a manifest; `looking`: into what was dropped. */
function CheckStep({state, error, knows, looking, onFiles, onStop, onForget}) {
  const over = state?.finished;
  const allRight = over && !state.stopped && knows && state.right === state.rows.length;
  return html`
    <${Step} number="4" title=${say("check.title")} done=${allRight}>
      <div class="drop">
        <p>${say("check.drop")}</p>
        <p class="buttons">
          <${Picker} label=${say("check.files")} multiple onFiles=${onFiles} />
          <${Picker} label=${say("check.folder")} folder onFiles=${onFiles} />
        </p>
        <p class="hint">${say("check.stays")}</p>
      </div>
      <${Trouble} error=${error} />
      <div role="status">${looking && html`<p>${say("check.looking")}</p>`}</div>
      ${state && html`
        ${!knows && html`<p class="hint">${say("check.early")}</p>`}
        ${!over && html`
          <p class="running">
            <progress aria-label=${say("check.title")} max=${state.total || 1} value=${state.done}></progress>
            <span>${humanBytes(state.done)} / ${humanBytes(state.total)}</span>
            <button type="button" onClick=${andFocus(".drop button", onStop)}>${say("stop")}</button>
          </p>`}
        <div role="status">${over && html`<p class="verdict ${allRight ? "good" : "bad"}">${_verdict(state, knows)}</p>`}</div>
        <ul class="rows">${_worstFirst(state.rows).slice(0, MOST_ROWS).map((row) => html`
          <${_Row} key=${row.link.path} row=${row} />`)}</ul>
        <${More} all=${state.rows.length} shown=${MOST_ROWS} />
        ${state.othersCount > 0 && html`
          <details>
            <summary>${say("check.others", {count: state.othersCount})}</summary>
            <ul class="others">${state.others.map((other) => html`<li key=${other.path}>
              <bdi class="mono">${plain(other.path)}</bdi> <span>${say(other.why, other.values)}</span></li>`)}</ul>
            <${More} all=${state.othersCount} shown=${state.others.length} />
          </details>`}
        ${over && html`<p class="buttons"><button type="button" class="quiet" onClick=${andFocus(".drop button", onForget)}>${say("check.forget")}</button></p>`}`}
    <//>`;
}

function _verdict({rows, right, wrong, missing, stopped}, knows) {
  const count = rows.length;
  if (stopped) return say("check.stopped");
  if (count === 0) return say("check.nothing");
  if (!knows) return say("check.named", {right, count});
  if (right === count) return say("check.allRight", {count});
  const onlyManifest = missing === 1 && right === count - 1 && rows[0].state === "missing";
  return onlyManifest ? say("check.onlyManifest", {right}) : say("check.notAll", {right, count, wrong, missing});
}

/** Of a long list, what is not right is seen first. */
function _worstFirst(rows) {
  if (rows.length <= MOST_ROWS) return rows;
  return [...rows.filter(({state}) => state !== "right"), ...rows.filter(({state}) => state === "right")];
}

function _Row({row}) {
  return html`
    <li class=${row.state}>
      <span class="sign" aria-hidden="true">${_SIGNS[row.state]}</span>
      <span class="what">${whatIs(row.link)}</span>
      <span class="size">${row.link.size === null ? "" : humanBytes(row.link.size)}</span>
      <span class="state">${say(`state.${row.state}`)}${row.state === "hashing" && row.link.size
        ? ` ${Math.floor(100 * row.done / row.link.size)} %` : ""}</span>
      ${row.path && html`<bdi class="path mono">${plain(row.path)}</bdi>`}
      ${row.why && html`<span class="why">${say(row.why, row.values)}</span>`}
    </li>`;
}
