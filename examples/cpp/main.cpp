// The callosum on one midsagittal slice, with nothing but an ONNX file of callosal.
//
//   callosal_box MODEL.onnx IMAGE.f32 HEIGHT WIDTH
//
// IMAGE.f32 holds raw intensities as 32-bit floats in the order of this machine, row by row, at
// the pixel size that the model asks for: rows superior to inferior, columns anterior to
// posterior. Any scale of intensities will do; normalisation and padding are inside the graph.

#include <onnxruntime_cxx_api.h>

#include <array>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

#include "contract.hpp"
#include "outline.hpp"
#include "rotated_box.hpp"

namespace {

Map read_image(const char* path, std::size_t height, std::size_t width) {
  Map image{std::vector<float>(height * width), height, width};
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto expected = static_cast<std::streamoff>(image.values.size() * sizeof(float));
  if (!file || file.tellg() != expected)
    throw std::runtime_error(std::string(path) + " does not hold height * width floats");
  file.seekg(0);
  file.read(reinterpret_cast<char*>(image.values.data()), expected);
  return image;
}

Map probability(Ort::Session& session, Map image) {
  const std::array<int64_t, 4> shape{1, 1, int64_t(image.height), int64_t(image.width)};
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const Ort::Value input = Ort::Value::CreateTensor<float>(
      memory, image.values.data(), image.values.size(), shape.data(), shape.size());
  const char* input_name = "image";
  const char* output_name = "probability";
  auto outputs =
      session.Run(Ort::RunOptions{}, &input_name, &input, 1, &output_name, 1);
  const float* values = outputs[0].GetTensorData<float>();
  return {{values, values + image.values.size()}, image.height, image.width};
}

}  // namespace

int main(int count, char** words) try {
  if (count != 5) throw std::runtime_error("usage: callosal_box MODEL.onnx IMAGE.f32 HEIGHT WIDTH");
  const Map image = read_image(words[2], std::stoul(words[3]), std::stoul(words[4]));

  const Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "callosal_box");
  Ort::SessionOptions options;
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
#ifdef _WIN32
  const std::string narrow = words[1];
  Ort::Session session(environment, std::wstring(narrow.begin(), narrow.end()).c_str(), options);
#else
  Ort::Session session(environment, words[1], options);
#endif

  const Contract contract = read_contract(session);
  const Map map = probability(session, image);
  const auto inside = largest_component(map, contract.threshold);
  long pixels = 0;
  for (const bool each : inside) pixels += each;
  if (pixels == 0) {
    std::printf("{\"model\": \"%s\", \"pixels\": 0, \"box\": null}\n", contract.name.c_str());
    return 2;
  }
  const RotatedBox box =
      minimum_area_box(border_points(map, inside, contract.threshold, contract.spacing_mm));
  std::printf(
      "{\"model\": \"%s\", \"pixels\": %ld, \"box\": {\"center_mm\": [%.4f, %.4f], "
      "\"size_mm\": [%.4f, %.4f], \"angle_deg\": %.4f}}\n",
      contract.name.c_str(), pixels, box.center_mm.x, box.center_mm.y, box.length_mm,
      box.width_mm, box.angle_deg);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "callosal_box: %s\n", error.what());
  return 1;
}
