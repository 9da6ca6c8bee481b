#include "rotated_box.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace {

const double kPi = std::acos(-1.0);

double cross(const Point& o, const Point& a, const Point& b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

// Andrew's monotone chain, counter-clockwise.
std::vector<Point> convex_hull(std::vector<Point> points) {
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
  });
  std::vector<Point> hull;
  for (int side = 0; side < 2; ++side) {
    const std::size_t first = hull.size();
    for (const Point& point : points) {
      while (hull.size() >= first + 2 && cross(hull[hull.size() - 2], hull.back(), point) <= 0)
        hull.pop_back();
      hull.push_back(point);
    }
    hull.pop_back();  // it begins the other side
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

// The rectangle whose first side has a direction.
RotatedBox box_along(const std::vector<Point>& hull, double dx, double dy) {
  const double infinity = std::numeric_limits<double>::infinity();
  double low_u = infinity, high_u = -infinity, low_v = infinity, high_v = -infinity;
  for (const Point& point : hull) {
    const double u = point.x * dx + point.y * dy, v = -point.x * dy + point.y * dx;
    low_u = std::min(low_u, u), high_u = std::max(high_u, u);
    low_v = std::min(low_v, v), high_v = std::max(high_v, v);
  }
  const double u = (low_u + high_u) / 2, v = (low_v + high_v) / 2;
  return {{u * dx - v * dy, u * dy + v * dx}, high_u - low_u, high_v - low_v,
          std::atan2(dy, dx) * 180 / kPi};
}

}  // namespace

RotatedBox minimum_area_box(std::vector<Point> points) {
  const std::vector<Point> hull = convex_hull(std::move(points));
  if (hull.size() < 3) throw std::runtime_error("the outline spans no area");
  // One side of the smallest rectangle lies along a side of the hull (Freeman and Shapira 1975).
  RotatedBox best{};
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < hull.size(); ++i) {
    const Point& from = hull[i];
    const Point& to = hull[(i + 1) % hull.size()];
    const double length = std::hypot(to.x - from.x, to.y - from.y);
    const RotatedBox box = box_along(hull, (to.x - from.x) / length, (to.y - from.y) / length);
    if (box.length_mm * box.width_mm < least) best = box, least = box.length_mm * box.width_mm;
  }
  if (best.width_mm > best.length_mm) {
    std::swap(best.length_mm, best.width_mm);
    best.angle_deg += 90;
  }
  while (best.angle_deg > 90) best.angle_deg -= 180;
  while (best.angle_deg <= -90) best.angle_deg += 180;
  return best;
}
