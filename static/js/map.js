/**
 * A map of cells on canvas, for looking and for picking a point. Needs Leaflet loaded before.
 * Root: .map[data-map]; its data attributes are listed in templates/parts/map.html.
 */
import { toGcj02, toWgs84 } from "./datum.js";
import { each, fill, make, setPoint } from "./page.js";

const L = window.L;
const POINT_ZOOM = 17;
const LABELS_AT_MOST = 60;
const CHARACTER_PX = 14;
const COARSE_METRES = 80;
const PIN = '<svg viewBox="0 0 32 40" width="32" height="40" role="img" aria-label="{label}"><path fill="currentColor" stroke="#fff" stroke-width="2" d="M16 39C16 39 29 25 29 15A13 13 0 0 0 3 15C3 25 16 39 16 39Z"/><rect x="11" y="10" width="10" height="10" rx="1.500" fill="#fff"/></svg>';

function inRing([x, y], ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

function holds(feature, point) {
  const { type, coordinates } = feature.geometry ?? {};
  const polygons = type === "MultiPolygon" ? coordinates : type === "Polygon" ? [coordinates] : [];
  return polygons.some(([outer, ...holes]) => inRing(point, outer) && !holes.some((hole) => inRing(point, hole)));
}

class CellMap {
  constructor(element) {
    this.element = element;
    this.data = element.dataset;
    this.frame = element.closest("[data-map-frame]");
    this.where = this.frame?.querySelector("[data-map-where]");
    this.mine = new Set((this.data.mine ?? "").split(" ").filter(Boolean));
    this.shifted = this.data.datum === "gcj02" && Boolean(this.data.tiles);
    this.colours = getComputedStyle(element);
    this.labels = L.layerGroup();
    this.build();
    this.tiles();
    this.listen();
    this.load();
  }

  /* Stored WGS-84 to what the tiles show, and back. */
  shown(lat, lng) {
    return L.latLng(this.shifted ? toGcj02(lat, lng) : { lat, lng });
  }

  stored({ lat, lng }) {
    return this.shifted ? toWgs84(lat, lng) : { lat, lng };
  }

  colour(name) {
    return this.colours.getPropertyValue(name).trim();
  }

  build() {
    this.map = L.map(this.element, {
      preferCanvas: true, zoomControl: false, attributionControl: false,
      minZoom: 4, maxZoom: 19, zoomAnimation: true, keyboardPanDelta: 40,
    }).setView([35, 105], 4);
    this.element.setAttribute("role", "application");
    L.control.zoom({ position: "topright", zoomInTitle: this.data.zoomIn, zoomOutTitle: this.data.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.labels.addTo(this.map);
    this.picking = this.data.pick !== undefined;
    this.element.classList.toggle("map--pick", this.picking);
  }

  tiles() {
    if (!this.data.tiles) return;
    L.tileLayer(this.data.tiles, { subdomains: this.data.subdomains || "abc", maxZoom: 19 }).addTo(this.map);
  }

  listen() {
    this.map.on("moveend", () => this.moved());
    this.map.on("click", (event) => this.pressed(event.latlng, "map"));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("pointerdown", () => this.element.classList.remove("map--keys"));
    document.addEventListener("gezhi:point", (event) => this.show(event.detail));
    this.frame?.querySelector("[data-map-gps]")?.addEventListener("click", (event) => this.locate(event.currentTarget));
  }

  async load() {
    const point = this.data.lat && this.data.lng ? { lat: Number(this.data.lat), lng: Number(this.data.lng) } : null;
    if (this.data.centreLat) this.map.setView(this.shown(Number(this.data.centreLat), Number(this.data.centreLng)), Number(this.data.zoom) || 15);
    if (point) this.map.setView(this.shown(point.lat, point.lng), Number(this.data.zoom) || POINT_ZOOM);
    this.features = [];
    try {
      if (this.data.cellsUrl) {
        const answer = await fetch(this.data.cellsUrl, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        this.draw(await answer.json(), Boolean(point || this.data.centreLat));
      }
    } catch {
      this.say(this.data.textFailed);
    }
    if (point) this.show({ ...point, source: "start" });
  }

  draw(collection, placed) {
    this.features = collection.features ?? [];
    this.layer = L.geoJSON(collection, {
      coordsToLatLng: ([lng, lat]) => this.shown(lat, lng),
      style: (feature) => this.style(feature),
    }).addTo(this.map);
    this.boxes = new Map();
    this.layer.eachLayer((layer) => this.boxes.set(layer.feature, { layer, bounds: layer.getBounds() }));
    const own = this.features.filter((feature) => this.isMine(feature)).map((feature) => this.boxes.get(feature));
    for (const { layer } of own) layer.bringToFront();
    if (!placed && this.features.length) {
      const bounds = own.length ? own.reduce((sum, { bounds: next }) => sum.extend(next), L.latLngBounds(own[0].bounds.getSouthWest(), own[0].bounds.getNorthEast())) : this.layer.getBounds();
      this.map.fitBounds(bounds.pad(own.length ? 0.6 : 0.05));
    }
    this.moved();
  }

  isMine(feature) {
    return Boolean(feature.properties?.mine) || this.mine.has(feature.properties?.code);
  }

  style(feature) {
    const mine = this.isMine(feature);
    const marked = feature === this.marked;
    return {
      color: this.colour(mine ? "--map-mine" : "--map-line"),
      weight: mine ? 3 : marked ? 2.5 : 1,
      fillColor: this.colour("--map-cell"),
      fillOpacity: marked ? 0.28 : mine ? 0.14 : 0.06,
      dashArray: feature.properties?.kind === "special" ? "5 4" : null,
    };
  }

  cellAt({ lat, lng }) {
    return this.features?.find((feature) => holds(feature, [lng, lat]));
  }

  moved() {
    if (this.boxes) this.label();
    if (!this.picking || !this.element.classList.contains("map--keys")) return;
    const cell = this.cellAt(this.stored(this.map.getCenter()));
    this.say(fill(this.data.textCross, { cell: cell?.properties.name ?? this.data.textOutside }));
  }

  /** Names only where they fit: a label per cell at city scale would bury the map. */
  label() {
    this.labels.clearLayers();
    const view = this.map.getBounds();
    const seen = [...this.boxes].filter(([feature, { bounds }]) => {
      if (!feature.properties?.name || !view.intersects(bounds)) return false;
      const width = this.map.latLngToLayerPoint(bounds.getNorthEast()).x - this.map.latLngToLayerPoint(bounds.getSouthWest()).x;
      return width > feature.properties.name.length * CHARACTER_PX;
    });
    if (seen.length > LABELS_AT_MOST) return;
    for (const [feature, { bounds }] of seen) {
      L.tooltip({ permanent: true, direction: "center", className: "map-label", interactive: false })
        .setLatLng(bounds.getCenter()).setContent(make("span", {}, feature.properties.name)).addTo(this.labels);
    }
  }

  key(event) {
    if (event.key.startsWith("Arrow") || event.key === "+" || event.key === "-") {
      this.element.classList.add("map--keys");
    } else if ((event.key === "Enter" || event.key === " ") && event.target === this.element) {
      event.preventDefault();
      this.element.classList.add("map--keys");
      this.pressed(this.map.getCenter(), "map");
    }
  }

  pressed(latlng, source) {
    const point = this.stored(latlng);
    if (this.picking) return setPoint({ ...point, source });
    const cell = this.cellAt(point);
    if (!cell) return;
    this.mark(cell);
    this.say(cell.properties.name);
    document.dispatchEvent(new CustomEvent("gezhi:cell", { detail: cell.properties }));
  }

  mark(cell) {
    const before = this.marked;
    this.marked = cell;
    for (const feature of [before, cell]) if (feature) this.boxes.get(feature)?.layer.setStyle(this.style(feature));
  }

  show({ lat, lng, source, accuracy }) {
    const at = this.shown(lat, lng);
    if (!this.pin) {
      const html = fill(PIN, { label: this.data.textPin });
      const icon = L.divIcon({ html, className: "map-pin", iconSize: [32, 40], iconAnchor: [16, 39] });
      this.pin = L.marker(at, { icon, keyboard: false, draggable: this.picking, autoPan: true }).addTo(this.map);
      this.pin.on("dragend", () => setPoint({ ...this.stored(this.pin.getLatLng()), source: "map" }));
    }
    this.pin.setLatLng(at);
    if (source === "gps" || source === "place") this.map.setView(at, Math.max(this.map.getZoom(), POINT_ZOOM));
    const cell = this.cellAt({ lat, lng });
    if (this.boxes) this.mark(cell);
    const text = fill(this.data.textPicked, { cell: cell?.properties.name ?? this.data.textOutside });
    this.say(accuracy ? `${text} ${fill(accuracy > COARSE_METRES ? this.data.textCoarse : this.data.textAccuracy, { metres: Math.round(accuracy) })}` : text);
  }

  /** The position is taken only when the person asks for it, once. */
  locate(button) {
    if (!navigator.geolocation || !window.isSecureContext) return this.say(this.data.textNogps);
    button.setAttribute("aria-busy", "true");
    const done = () => button.removeAttribute("aria-busy");
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      done();
      setPoint({ lat: coords.latitude, lng: coords.longitude, source: "gps" });
      this.show({ lat: coords.latitude, lng: coords.longitude, source: "gps", accuracy: coords.accuracy });
    }, (error) => {
      done();
      this.say(error.code === 1 ? this.data.textRefused : this.data.textNogps);
    }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 10000 });
  }

  say(text) {
    if (this.where) this.where.textContent = text ?? "";
  }
}

each("[data-map]", (element) => new CellMap(element));
