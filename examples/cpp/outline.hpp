// The border of the callosum in a probability map, to a fraction of a pixel.
#pragma once

#include <cstddef>
#include <vector>

struct Point {
  double x, y;  // mm from the middle of the image: x toward anterior, y toward superior
};

struct Map {
  std::vector<float> values;  // row by row: rows superior to inferior, columns anterior to posterior
  std::size_t height, width;
};

// Pixels of the largest component (of eight neighbours) that reaches the threshold.
std::vector<bool> largest_component(const Map& map, double threshold);

// Where the threshold is crossed between a pixel of the component and one outside of it.
std::vector<Point> border_points(const Map& map, const std::vector<bool>& inside,
                                 double threshold, double spacing_mm);
