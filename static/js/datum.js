/** WGS-84 and GCJ-02. Stored points are WGS-84; only some base tiles are GCJ-02. */
const A = 6378245.0;
const EE = 0.00669342162296594323;
const RAD = Math.PI / 180;
const wave = (value, k) => Math.sin(value * k * Math.PI);

function offset(lat, lng) {
  const x = lng - 105;
  const y = lat - 35;
  const root = Math.sqrt(Math.abs(x));
  const common = ((20 * wave(x, 6) + 20 * wave(x, 2)) * 2) / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common +
    ((20 * wave(y, 1) + 40 * wave(y, 1 / 3)) * 2) / 3 + ((160 * wave(y, 1 / 12) + 320 * wave(y, 1 / 30)) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common +
    ((20 * wave(x, 1) + 40 * wave(x, 1 / 3)) * 2) / 3 + ((150 * wave(x, 1 / 12) + 300 * wave(x, 1 / 30)) * 2) / 3;
  const magic = 1 - EE * Math.sin(lat * RAD) ** 2;
  return {
    lat: north / (((A * (1 - EE)) / (magic * Math.sqrt(magic))) * RAD),
    lng: east / ((A / Math.sqrt(magic)) * Math.cos(lat * RAD) * RAD),
  };
}

export function toGcj02(lat, lng) {
  const move = offset(lat, lng);
  return { lat: lat + move.lat, lng: lng + move.lng };
}

/** The inverse, by iteration; six rounds leave less than a millimetre. */
export function toWgs84(lat, lng) {
  let guess = { lat, lng };
  for (let round = 0; round < 6; round += 1) {
    const back = toGcj02(guess.lat, guess.lng);
    guess = { lat: guess.lat + lat - back.lat, lng: guess.lng + lng - back.lng };
  }
  return guess;
}
