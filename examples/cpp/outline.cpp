#include "outline.hpp"

namespace {

// All pixels connected to a start; they are marked as seen.
std::vector<std::size_t> flooded(const Map& map, double threshold, std::size_t start,
                                 std::vector<bool>& seen) {
  std::vector<std::size_t> found{start};
  seen[start] = true;
  for (std::size_t next = 0; next < found.size(); ++next) {
    const long row = found[next] / map.width, column = found[next] % map.width;
    for (long y = row - 1; y <= row + 1; ++y)
      for (long x = column - 1; x <= column + 1; ++x) {
        if (y < 0 || x < 0 || y >= long(map.height) || x >= long(map.width)) continue;
        const std::size_t at = y * map.width + x;
        if (seen[at] || map.values[at] < threshold) continue;
        seen[at] = true;
        found.push_back(at);
      }
  }
  return found;
}

}  // namespace

std::vector<bool> largest_component(const Map& map, double threshold) {
  std::vector<bool> seen(map.values.size()), inside(map.values.size());
  std::vector<std::size_t> largest;
  for (std::size_t at = 0; at < map.values.size(); ++at) {
    if (seen[at] || map.values[at] < threshold) continue;
    auto found = flooded(map, threshold, at, seen);
    if (found.size() > largest.size()) largest = std::move(found);
  }
  for (std::size_t at : largest) inside[at] = true;
  return inside;
}

std::vector<Point> border_points(const Map& map, const std::vector<bool>& inside,
                                 double threshold, double spacing_mm) {
  const double middle_row = (map.height - 1) / 2.0, middle_column = (map.width - 1) / 2.0;
  std::vector<Point> points;
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (!inside[at]) continue;
    const long row = at / map.width, column = at % map.width;
    const long steps[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    for (const auto& step : steps) {
      const long y = row + step[0], x = column + step[1];
      const bool within = y >= 0 && x >= 0 && y < long(map.height) && x < long(map.width);
      if (within && inside[y * map.width + x]) continue;
      // Beyond the image, and in other components, nothing is callosum.
      const double beyond = within ? map.values[y * map.width + x] : 0.0;
      const double outside = beyond >= threshold ? 0.0 : beyond;
      const double share = (map.values[at] - threshold) / (map.values[at] - outside);
      points.push_back({(middle_column - column - share * step[1]) * spacing_mm,
                        (middle_row - row - share * step[0]) * spacing_mm});
    }
  }
  return points;
}
