// Excerpts where there is room: what is taken on a plane, and words cut to a length.

const CELL_X = 12;
const CELL_Y = 6;

/** What of a plane is taken, on a grid of cells: quick to ask, exact enough for words. */
export class Room {
  constructor(width, height) {
    this.resize(width, height);
  }

  resize(width, height) {
    this.columns = Math.ceil(width / CELL_X) + 1;
    this.rows = Math.ceil(height / CELL_Y) + 1;
    this.taken = new Uint8Array(this.columns * this.rows);
  }

  clear() {
    this.taken.fill(0);
  }

  /** Whether the cell at a place is taken: a first question that answers most. */
  isTaken(x, y) {
    const column = (x / CELL_X) | 0;
    const row = (y / CELL_Y) | 0;
    return column < 0 || row < 0 || column >= this.columns || row >= this.rows || this.taken[row * this.columns + column] === 1;
  }

  /** Whether a box is free and on the plane. */
  isFree(x, y, width, height) {
    const left = Math.floor(x / CELL_X);
    const right = Math.floor((x + width) / CELL_X);
    const top = Math.floor(y / CELL_Y);
    const bottom = Math.floor((y + height) / CELL_Y);
    if (left < 0 || top < 0 || right >= this.columns || bottom >= this.rows) return false;
    for (let row = top; row <= bottom; row += 1) {
      for (let i = row * this.columns + left; i <= row * this.columns + right; i += 1) if (this.taken[i]) return false;
    }
    return true;
  }

  /** Takes a box, if it is free. */
  take(x, y, width, height) {
    if (!this.isFree(x, y, width, height)) return false;
    const left = Math.floor(x / CELL_X);
    const right = Math.floor((x + width) / CELL_X);
    for (let row = Math.floor(y / CELL_Y); row <= Math.floor((y + height) / CELL_Y); row += 1) {
      this.taken.fill(1, row * this.columns + left, row * this.columns + right + 1);
    }
    return true;
  }
}

/** The first words of a text, at most so many characters. */
export function excerpt(text, most) {
  if (text.length <= most) return text;
  const cut = text.slice(0, most);
  const space = cut.lastIndexOf(" ");
  return `${(space > most / 2 ? cut.slice(0, space) : cut).replace(/[\s,;:.–—-]+$/, "")}…`;
}
