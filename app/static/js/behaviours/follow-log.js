/** A log stays at its end while it grows, unless the reader has scrolled up. */

const NEAR_PX = 40;

/** @param {HTMLElement} log */
export function connect(log) {
  let following = true;
  const toEnd = () => following && (log.scrollTop = log.scrollHeight);
  log.addEventListener("scroll", () => {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  });
  new MutationObserver(toEnd).observe(log, { childList: true, characterData: true, subtree: true });
  toEnd();
}
