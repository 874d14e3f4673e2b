// Moving about a plane: drag, wheel, pinch and keys, told as pans and zooms.

const STEP = 64;

/**
 * Listens on an element: `pan(dx, dy)` in pixels, `zoom(factor, x, y)` about a place in it, `tap(x, y,
 * event)`, `hover(x, y)`, `leave()`, `home()`, `settle()` once a gesture is over. Where `lasso` is given
 * and `isLasso(event)` holds, a drag draws: `lasso(points, isDone)`.
 */
export function gestures(element, on, undo) {
  const fingers = new Map();
  let travelled = 0;
  let loop = null;
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const middle = () => {
    const [[x0, y0], [x1, y1]] = [...fingers.values()];
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, apart: Math.hypot(x1 - x0, y1 - y0) };
  };

  undo.on(element, "pointerdown", (event) => {
    if (event.button > 0 || event.target.closest?.("[data-still]")) return;
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) {
      travelled = 0;
      if (on.isLasso?.(event)) loop = [place(event)];
    } else loop = null;
  });
  undo.on(element, "pointermove", (event) => {
    const [x, y] = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) return on.hover?.(x, y);
    if (loop) {
      loop.push([x, y]);
      hold(event);
      on.lasso(loop, false);
    } else if (fingers.size === 2) {
      const was = middle();
      fingers.set(event.pointerId, [x, y]);
      const is = middle();
      on.pan(is.x - was.x, is.y - was.y);
      if (was.apart > 0) on.zoom(is.apart / was.apart, is.x, is.y);
    } else {
      travelled += Math.hypot(x - before[0], y - before[1]);
      // A tap of an unsteady hand is no drag.
      if (travelled > 4) {
        hold(event);
        on.pan(x - before[0], y - before[1]);
      }
    }
    fingers.set(event.pointerId, [x, y]);
  });
  // The pointer is held once it drags, and not before, so that a tap still reaches what lies under it.
  const hold = (event) => {
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
  };
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (loop) {
      const drawn = loop;
      loop = null;
      on.lasso(drawn, true);
    } else if (fingers.size === 0 && travelled <= 4 && event.type === "pointerup") {
      on.tap?.(...place(event), event);
    }
    if (fingers.size === 0) on.settle?.();
  };
  undo.on(element, "pointerup", lift);
  undo.on(element, "pointercancel", lift);
  undo.on(element, "pointerleave", () => fingers.size === 0 && on.leave?.());
  undo.on(element, "wheel", (event) => {
    event.preventDefault();
    const [x, y] = place(event);
    // Two fingers on a trackpad pinch with ctrl; the wheel of a mouse zooms too.
    const lines = event.deltaMode === 1 ? 16 : 1;
    on.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), x, y);
    on.settle?.();
  }, { passive: false });
  undo.on(element, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = element.getBoundingClientRect();
    const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    if (moves[event.key] && !on.ownArrows) on.pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") on.zoom(1.25, width / 2, height / 2);
    else if (event.key === "-") on.zoom(0.8, width / 2, height / 2);
    else if (event.key === "0") on.home?.();
    else return;
    event.preventDefault();
    on.settle?.();
  });
}
