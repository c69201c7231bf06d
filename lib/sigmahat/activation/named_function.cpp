#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

// Sources of the activations: ELU (Clevert, Unterthiner, Hochreiter 2015), SELU (Klambauer et al.
// 2017; its two constants to all the digits of the authors' code), CELU (Barron 2017), GELU
// (Hendrycks, Gimpel 2016), SiLU or swish (Ramachandran, Zoph, Le 2017), mish (Misra 2019),
// squareplus (Barron 2021), hard sigmoid and hard swish (Howard et al. 2019), snake (Ziyin,
// Hartwig, Ueda 2020), soft and hard shrinkage (Donoho, Johnstone 1994), GCU (Noel et al. 2021),
// the Mexican hat (Ricker 1953).
const std::vector<NamedFunction>& named_functions() {
  static const std::vector<NamedFunction> all{
      {"sqrt", {}, "x^(1/2)"},
      {"phi", {}, "exp(-x^2/2)/sqrt(2*pi)"},
      {"identity", {}, "x"},
      {"linear", {}, "x"},
      {"quadratic", {}, "x^2"},
      {"cubic", {}, "x^3"},
      {"relu", {}, "max(x, 0)"},
      {"leaky_relu", {"c"}, "max(x, 0) + c*min(x, 0)"},
      {"relu_power", {"p"}, "step(x)*max(x, 0)^p"},
      {"relu6", {}, "min(max(x, 0), 6)"},
      {"hard_tanh", {}, "min(max(x, -1), 1)"},
      {"hard_sigmoid", {}, "min(max(x/6 + 1/2, 0), 1)"},
      {"hard_swish", {}, "x*min(max(x/6 + 1/2, 0), 1)"},
      {"soft_shrink", {"c"}, "max(x - c, 0) + min(x + c, 0)"},
      {"hard_shrink", {"c"}, "x*step(abs(x) - c)"},
      {"triangle", {}, "max(1 - abs(x), 0)"},
      {"elu", {"c"}, "max(x, 0) + c*(exp(min(x, 0)) - 1)"},
      {"celu", {"c"}, "max(x, 0) + c*(exp(min(x, 0)/c) - 1)"},
      {"selu",
       {},
       "1.0507009873554804934193349852946*(max(x, 0) + "
       "1.6732632423543772848170429916717*(exp(min(x, 0)) - 1))"},
      {"gelu", {}, "x*Phi(x)"},
      {"silu", {}, "x*sigmoid(x)"},
      {"mish", {}, "x*tanh(softplus(x))"},
      {"softsign", {}, "x/(1 + abs(x))"},
      {"squareplus", {"b"}, "(x + sqrt(x^2 + b))/2"},
      {"log_cosh", {}, "log(cosh(x))"},
      {"log_sigmoid", {}, "-softplus(-x)"},
      {"tanh_shrink", {}, "x - tanh(x)"},
      {"gaussian", {}, "exp(-x^2/2)"},
      {"mexican_hat", {}, "(1 - x^2)*exp(-x^2/2)"},
      {"gcu", {}, "x*cos(x)"},
      {"snake", {"a"}, "x + sin(a*x)^2/a"},
  };
  return all;
}

}  // namespace sigmahat
