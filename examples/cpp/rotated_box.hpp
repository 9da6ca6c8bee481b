// The minimum-area rectangle around points.
#pragma once

#include <vector>

#include "outline.hpp"

struct RotatedBox {
  Point center_mm;
  double length_mm, width_mm;  // long side first
  double angle_deg;            // of the long side, in (-90, 90]; positive: anterior end higher
};

// Throws std::runtime_error for fewer than three points that span an area.
RotatedBox minimum_area_box(std::vector<Point> points);
