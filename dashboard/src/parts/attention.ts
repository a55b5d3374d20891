// Whether somebody uses the page. A page that is open on a wall all day need not ask as often as one that is worked
// with.

const awayAfterMs = 600_000;

let touchedAtMs = Date.now();

for (const type of ["pointerdown", "pointermove", "keydown", "wheel", "focus"]) {
  window.addEventListener(
    type,
    () => {
      touchedAtMs = Date.now();
    },
    { passive: true, capture: true },
  );
}

export function isAttended(): boolean {
  return Date.now() - touchedAtMs < awayAfterMs;
}
