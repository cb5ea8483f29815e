"""GeoJSON as a city would publish it."""

from shapely.geometry import mapping


def feature(geometry, **properties) -> dict:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": mapping(geometry) if hasattr(geometry, "geom_type") else geometry,
    }


def collection(*features: dict, **extra) -> dict:
    return {"type": "FeatureCollection", "features": list(features), **extra}
