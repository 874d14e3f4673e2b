// Contours of a grid of densities, by marching squares.

/**
 * Lines of equal density, for each level a list of polylines `[[x, y], ...]` on the map, whose cells
 * cover -1..1 both ways, row by row from the top left.
 */
export function contours(cells, columns, rows, levels) {
  const at = (column, row) => cells[row * columns + column];
  const x = (column) => ((column + 0.5) / columns) * 2 - 1;
  const y = (row) => 1 - ((row + 0.5) / rows) * 2;
  return levels.map((level) => {
    // Each edge of the grid that a line crosses has a number; a square joins two of them.
    const crossings = new Map();
    const joined = new Map();
    const across = (column, row) => {
      const key = 2 * (row * columns + column);
      const t = (level - at(column, row)) / (at(column + 1, row) - at(column, row));
      crossings.set(key, [x(column + t), y(row)]);
      return key;
    };
    const down = (column, row) => {
      const key = 2 * (row * columns + column) + 1;
      const t = (level - at(column, row)) / (at(column, row + 1) - at(column, row));
      crossings.set(key, [x(column), y(row + t)]);
      return key;
    };
    const join = (a, b) => {
      for (const [from, to] of [[a, b], [b, a]]) joined.has(from) ? joined.get(from).push(to) : joined.set(from, [to]);
    };
    for (let row = 0; row + 1 < rows; row += 1) {
      for (let column = 0; column + 1 < columns; column += 1) {
        const corners = [at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)];
        const which = corners.reduce((bits, corner, i) => bits | (corner >= level ? 1 << i : 0), 0);
        if (which === 0 || which === 15) continue;
        const edges = [];
        const differ = (a, b) => ((which >> a) & 1) !== ((which >> b) & 1);
        if (differ(0, 1)) edges.push(across(column, row));
        if (differ(1, 2)) edges.push(down(column + 1, row));
        if (differ(2, 3)) edges.push(across(column, row + 1));
        if (differ(3, 0)) edges.push(down(column, row));
        if (edges.length === 2) join(edges[0], edges[1]);
        else {
          // A saddle: the middle says which corners belong together.
          const isHigh = corners.reduce((sum, corner) => sum + corner, 0) / 4 >= level;
          const [top, right, bottom, left] = edges;
          if (isHigh === (which === 5)) {
            join(top, right);
            join(bottom, left);
          } else {
            join(top, left);
            join(bottom, right);
          }
        }
      }
    }
    return chains(joined).map((keys) => rounded(rounded(keys.map((key) => crossings.get(key)))));
  });
}

/** A line whose corners are cut a quarter of the way along their sides (Chaikin 1974). */
function rounded(line) {
  const between = ([ax, ay], [bx, by], t) => [ax + (bx - ax) * t, ay + (by - ay) * t];
  const cut = line.slice(1).flatMap((b, i) => [between(line[i], b, 0.25), between(line[i], b, 0.75)]);
  const [first, last] = [line[0], line.at(-1)];
  return first === last || (first[0] === last[0] && first[1] === last[1]) ? [...cut, cut[0]] : [first, ...cut, last];
}

function chains(joined) {
  const lines = [];
  const follow = (start) => {
    const line = [start];
    let here = start;
    for (;;) {
      const next = joined.get(here)?.pop();
      if (next === undefined) return line;
      const back = joined.get(next);
      back.splice(back.indexOf(here), 1);
      line.push(next);
      here = next;
    }
  };
  // Lines that end at the edge begin there; the others are closed.
  for (const [key, to] of joined) if (to.length === 1) lines.push(follow(key));
  for (const [key, to] of joined) while (to.length > 0) lines.push(follow(key));
  return lines;
}
