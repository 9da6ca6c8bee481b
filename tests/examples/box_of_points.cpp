// Reads points (x y) from standard input and prints their minimum-area box.
#include <cstdio>

#include "rotated_box.hpp"

int main() {
  std::vector<Point> points;
  for (Point point; std::scanf("%lf %lf", &point.x, &point.y) == 2;) points.push_back(point);
  const RotatedBox box = minimum_area_box(points);
  std::printf("%.9f %.9f %.9f %.9f %.9f\n", box.center_mm.x, box.center_mm.y, box.length_mm,
              box.width_mm, box.angle_deg);
}
