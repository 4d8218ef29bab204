// Name the class of samples: predict model.onnx samples.txt, the file with one number per line, as in the training set
// or, with a full scale in the model, as pixels.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

// A fact that freqnet wrote into the model, as text in JSON.
std::string fact(const Ort::Session &session, const char *name) {
    Ort::AllocatorWithDefaultOptions allocator;
    auto found = session.GetModelMetadata().LookupCustomMetadataMapAllocated(name, allocator);
    return found ? found.get() : "";
}

int main(int count, char **words) {
    if (count != 3) return std::cerr << "usage: predict model.onnx samples.txt\n", 2;
    Ort::Env env;
    Ort::Session session(env, words[1], Ort::SessionOptions{nullptr});

    std::ifstream file(words[2]);
    std::vector<float> samples{std::istream_iterator<float>(file), {}};
    // "null" where the numbers are taken as they are.
    const double scale = std::atof(fact(session, "full_scale").c_str());
    if (scale > 0)
        for (float &n : samples) n /= static_cast<float>(scale);

    // The first axis, which counts the samples, is -1 in the model.
    auto shape = session.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
    int64_t numbers = 1;
    for (size_t axis = 1; axis < shape.size(); ++axis) numbers *= shape[axis];
    shape[0] = static_cast<int64_t>(samples.size()) / numbers;

    auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    auto input = Ort::Value::CreateTensor<float>(memory, samples.data(), samples.size(), shape.data(), shape.size());
    const char *inputs[] = {"samples"}, *outputs[] = {"outputs"};
    auto made = session.Run(Ort::RunOptions{nullptr}, inputs, &input, 1, outputs, 1);

    const float *logits = made[0].GetTensorData<float>();
    const int64_t classes = made[0].GetTensorTypeAndShapeInfo().GetShape()[1];
    for (int64_t i = 0; i < shape[0]; ++i, logits += classes) {
        const float *most = std::max_element(logits, logits + classes);
        double total = 0;
        for (int64_t k = 0; k < classes; ++k) total += std::exp(logits[k] - *most);
        std::cout << most - logits << ' ' << 1 / total << '\n';
    }
}
