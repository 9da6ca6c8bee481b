// What an ONNX segmenter of callosal says of itself in its metadata.
#pragma once

#include <string>

namespace Ort {
struct Session;
}

struct Contract {
  std::string name;
  double spacing_mm;  // pixel size that the image has to have, both ways
  double threshold;   // probability above which a pixel is callosum
};

// Throws std::runtime_error where the file is no segmenter of callosal.
Contract read_contract(const Ort::Session& session);
