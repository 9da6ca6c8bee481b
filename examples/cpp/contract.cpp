#include "contract.hpp"

#include <onnxruntime_cxx_api.h>

#include <stdexcept>

namespace {

std::string lookup(const Ort::ModelMetadata& metadata, const char* key) {
  Ort::AllocatorWithDefaultOptions allocator;
  auto value = metadata.LookupCustomMetadataMapAllocated(key, allocator);
  if (!value) throw std::runtime_error(std::string("the model's metadata has no ") + key);
  return value.get();
}

}  // namespace

Contract read_contract(const Ort::Session& session) {
  const Ort::ModelMetadata metadata = session.GetModelMetadata();
  if (lookup(metadata, "schema") != "callosal/segmenter/1")
    throw std::runtime_error("the model does not keep the schema callosal/segmenter/1");
  return {lookup(metadata, "name"), std::stod(lookup(metadata, "spacing_mm")),
          std::stod(lookup(metadata, "threshold"))};
}
