// The working CRS in the page: polynomials that Python fitted, so that lengths and areas are planar
// in it and not in Web Mercator. Places are {x, y, latlng}, x and y in the CRS's own unit.

// Values and derivatives of Chebyshev's polynomials of the first kind, degree 0 ... n, at t.
function chebyshev(t, n) {
  const value = [1, t], slope = [0, 1];
  for (let k = 2; k <= n; k++) {
    value.push(2 * t * value[k - 1] - value[k - 2]);
    slope.push(2 * value[k - 1] + 2 * t * slope[k - 1] - slope[k - 2]);
  }
  return { value, slope };
}

// x, y and their derivatives at u, v in -1 ... 1.
function polynomials(u, v) {
  const fit = page.data.working, across = chebyshev(u, fit.degree), down = chebyshev(v, fit.degree);
  const at = { x: 0, y: 0, xu: 0, xv: 0, yu: 0, yv: 0 };
  let k = 0;
  for (let i = 0; i <= fit.degree; i++) {
    for (let j = 0; j <= fit.degree - i; j++, k++) {
      const both = across.value[i] * down.value[j];
      const byU = across.slope[i] * down.value[j], byV = across.value[i] * down.slope[j];
      at.x += fit.x[k] * both; at.xu += fit.x[k] * byU; at.xv += fit.x[k] * byV;
      at.y += fit.y[k] * both; at.yu += fit.y[k] * byU; at.yv += fit.y[k] * byV;
    }
  }
  return at;
}

// Zoom 0 of Leaflet's Web Mercator is 256 pixels wide: a share of the world is free of any zoom.
function normalised(latlng) {
  const box = page.data.working.box, at = L.CRS.EPSG3857.latLngToPoint(latlng, 0);
  return {
    u: 2 * (at.x / 256 - box[0]) / (box[2] - box[0]) - 1,
    v: 2 * (at.y / 256 - box[1]) / (box[3] - box[1]) - 1
  };
}

function denormalised(u, v) {
  const box = page.data.working.box;
  const x = box[0] + (u + 1) / 2 * (box[2] - box[0]), y = box[1] + (v + 1) / 2 * (box[3] - box[1]);
  return L.CRS.EPSG3857.pointToLatLng(L.point(256 * x, 256 * y), 0);
}

// The place of a latlng in the working CRS; null outside the extent over which the fit holds.
function workingPlace(latlng) {
  if (!page.data.working) { return null; }
  const at = normalised(latlng);
  if (!(Math.abs(at.u) <= 1 && Math.abs(at.v) <= 1)) { return null; }
  const here = polynomials(at.u, at.v);
  return { x: here.x, y: here.y, latlng };
}

// The latlng of x, y by Newton's method from a start nearby; three steps reach the last digit.
function fromWorking(x, y, start) {
  let u = start.u, v = start.v;
  for (let step = 0; step < 6; step++) {
    const at = polynomials(u, v), dx = x - at.x, dy = y - at.y;
    const whole = at.xu * at.yv - at.xv * at.yu;
    const du = (dx * at.yv - at.xv * dy) / whole, dv = (at.xu * dy - dx * at.yu) / whole;
    u += du; v += dv;
    if (Math.abs(du) + Math.abs(dv) < 1e-13) { break; }
  }
  return denormalised(u, v);
}

// The straight line of the working CRS between two places, as latlngs close enough together that the
// drawn line leaves it by less than a quarter of a pixel.
function straightLine(from, to) {
  const a = normalised(from.latlng), b = normalised(to.latlng), line = [from.latlng];
  const at = (t) => fromWorking(
    from.x + t * (to.x - from.x), from.y + t * (to.y - from.y), { u: a.u + t * (b.u - a.u), v: a.v + t * (b.v - a.v) });
  const pixel = (latlng) => page.map.project(latlng);
  const chord = (t) => pixel(from.latlng).multiplyBy(1 - t).add(pixel(to.latlng).multiplyBy(t));
  const sag = Math.max(...[0.25, 0.5, 0.75].map((t) => pixel(at(t)).distanceTo(chord(t))));
  const pieces = Math.min(64, Math.max(1, Math.ceil(Math.sqrt(sag / 0.25))));
  for (let k = 1; k < pieces; k++) { line.push(at(k / pieces)); }
  line.push(to.latlng);
  return line;
}

// Metres along straight lines of the working CRS.
function planarLength(places, closed) {
  let sum = 0;
  places.forEach((one, k) => {
    const before = k ? places[k - 1] : closed ? places[places.length - 1] : one;
    sum += Math.hypot(one.x - before.x, one.y - before.y);
  });
  return sum * page.data.working.factor;
}

// Square metres inside the ring of places, by the shoelace formula around its first corner: taken
// from the origin, coordinates of thousands of kilometres would eat the last digits.
function planarArea(places) {
  let twice = 0;
  for (let k = 1; k + 1 < places.length; k++) {
    twice += (places[k].x - places[0].x) * (places[k + 1].y - places[0].y) -
      (places[k + 1].x - places[0].x) * (places[k].y - places[0].y);
  }
  return Math.abs(twice) / 2 * Math.pow(page.data.working.factor, 2);
}
