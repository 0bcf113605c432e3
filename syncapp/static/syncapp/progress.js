/* Follows a run: asks every second how far it is, and goes on to the next page when it is over. */
"use strict";

(() => {
  const live = document.querySelector("[data-progress]");
  if (!live) return;
  const bar = live.querySelector("progress");
  const percent = live.querySelector("[data-percent]");
  const phase = live.querySelector("[data-phase]");
  const notice = live.querySelector("[data-notice]");
  const offline = live.querySelector("[data-offline]");

  /* A screen reader speaks what is written anew, so only what has changed is written. */
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const show = (now) => {
    bar.value = now.percent;
    write(percent, `${now.percent}%`);
    write(phase, now.phase || "Waiting for a worker");
    write(notice, now.notice);
    notice.hidden = !now.notice;
  };

  const ask = async () => {
    try {
      const answer = await fetch(live.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 404) return window.location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      offline.hidden = true;
      show(now);
      if (!now.active) return window.location.assign(now.next);
    } catch (error) {
      offline.hidden = false;
    }
    window.setTimeout(ask, 1000);
  };

  window.setTimeout(ask, 1000);
})();
