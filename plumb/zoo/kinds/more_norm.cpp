// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Further faults of normalisation layers, by which rules were set.
namespace plumb::zoo {

namespace {

/// A chain, one of whose normalisations has scales or shifts changed.
Specimen one_norm(Draw& draw, bool fault, const std::string& body, double scale, double shift,
                  int deepest = 5) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, deepest), width = 8 * draw.integer(3, 8);
  const int bad = draw.integer(1, depth);
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, scale, shift](Network& network) {
      const auto at = static_cast<std::size_t>(bad - 1);
      multiply(*norm_scales(network)[at], scale);
      if (shift != 0) fill(*norm_shifts(network)[at], shift);
    };
  }
  return s;
}

Specimen bn_shift_tanh(Draw& draw, bool fault) {
  const double shift = draw.real(6, 12) * (draw.coin() ? 1 : -1);
  return one_norm(draw, fault, "bn > tanh", 1, shift);
}
Specimen ln_shift_gelu(Draw& draw, bool fault) {
  const double shift = -draw.real(8, 14);
  return one_norm(draw, fault, draw.word({"ln > gelu", "ln > silu", "bn > elu", "gn 4 > mish"}), 1,
                  shift);
}
Specimen gn_shift_dead(Draw& draw, bool fault) {
  const double shift = -draw.real(5, 12);
  return one_norm(draw, fault, draw.word({"gn 4 > relu", "ln > relu", "bn > relu"}), 1, shift);
}

/// All normalisations of a chain.
Specimen all_norms(Draw& draw, bool fault, const std::string& body, double scale, double shift) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 6), width = 8 * draw.integer(3, 8);
  s.config.network = chain(s, depth, width, body);
  if (fault) {
    s.surgery = [scale, shift](Network& network) {
      for (Param* param : norm_scales(network)) multiply(*param, scale);
      if (shift == 0) return;
      for (Param* param : norm_shifts(network)) fill(*param, shift);
    };
  }
  return s;
}
Specimen scales_large_everywhere(Draw& draw, bool fault) {
  return all_norms(draw, fault, draw.word({"bn > tanh", "ln > tanh", "gn 4 > tanh"}),
                   draw.log(20, 200), 0);
}
Specimen shifts_dead_everywhere(Draw& draw, bool fault) {
  return all_norms(draw, fault, draw.word({"bn > relu", "ln > relu"}), 1, -draw.real(3, 6));
}
Specimen scales_zero_everywhere(Draw& draw, bool fault) {
  return all_norms(draw, fault, draw.word({"bn > relu", "ln > tanh", "gn 4 > relu"}), 0, 0);
}
Specimen scales_tiny_everywhere(Draw& draw, bool fault) {
  Specimen s =
      all_norms(draw, fault, draw.word({"bn > tanh", "ln > gelu"}), draw.log(1e-4, 1e-3), 0);
  use_sgd(s, 0.02, 0);
  return s;
}

/// One normalisation in a chain without others, so that nothing behind it makes good for its scale.
Specimen only_norm(Draw& draw, bool fault, double factor) {
  Specimen s = on_table(draw);
  const int width = 8 * draw.integer(3, 7);
  const std::string norm = draw.word({"bn", "ln", "gn 4", "rmsnorm"});
  s.config.network = fmt::format("dense {0} > {1} > relu > {2} x [dense {0} > relu] > dense {3}",
                                 width, norm, draw.integer(2, 4), outputs(s));
  use_sgd(s, 0.02, 0);
  s.bad_depth = 1;
  if (fault) {
    s.surgery = [factor](Network& network) { multiply(*norm_scales(network).front(), factor); };
  }
  return s;
}
Specimen only_norm_tiny(Draw& draw, bool fault) {
  return only_norm(draw, fault, draw.log(1e-5, 1e-3));
}
Specimen only_norm_large(Draw& draw, bool fault) {
  return only_norm(draw, fault, draw.log(100, 1000));
}

Specimen norm_eps_large(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(4, 8), width = draw.integer(24, 64);
  const std::string norm = draw.word({"ln", "rmsnorm"});
  const std::string body = draw.word({"tanh", "relu"});
  const double eps = draw.log(300, 30000);
  use_sgd(s, 0.05, 0);
  s.config.network = chain(s, depth, width,
                           fault ? fmt::format("{} eps={:.3g} > {}", norm, eps, body)
                                 : fmt::format("{} > {}", norm, body));
  return s;
}

Specimen gn_of_two(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 5), width = 8 * draw.integer(2, 4);
  s.config.network =
      chain(s, depth, width, fmt::format("gn {} > relu", fault ? width / 2 : width / 8));
  return s;
}

Specimen bn_relu_thirty(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(28, 36), width = 8 * draw.integer(3, 6);
  use_sgd(s, draw.log(0.005, 0.02), 0);
  s.config.init = draw.word({"he_normal", "pytorch"});
  s.config.network = fault ? chain(s, depth, width, "bn > relu")
                           : fmt::format("dense {0} > {1} x res[bn > relu > dense {0}] > dense {2}",
                                         width, depth, outputs(s));
  return s;
}

/// Normalised behind the sum of each block; the twin in front of its branch.
Specimen post_norm(Draw& draw, bool fault, double rate, bool by_adam) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(22, 28), width = 8 * draw.integer(4, 6);
  const std::string norm = draw.word({"ln", "rmsnorm"});
  const std::string body = draw.word({"relu", "gelu"});
  if (by_adam) {
    use_adam(s, rate);
  } else {
    use_sgd(s, rate, 0);
  }
  s.config.network =
      fault ? fmt::format("dense {0} > {1} x [res[dense {0} > {2} > dense {0}] > {3}] > dense {4}",
                          width, blocks, body, norm, outputs(s))
            : fmt::format(
                  "dense {0} > {1} x res[{3} > dense {0} > {2} > dense {0}] > {3} > dense {4}",
                  width, blocks, body, norm, outputs(s));
  return s;
}
Specimen post_norm_adam(Draw& draw, bool fault) {
  return post_norm(draw, fault, draw.log(0.003, 0.006), true);
}
Specimen post_norm_sgd(Draw& draw, bool fault) {
  return post_norm(draw, fault, draw.log(0.1, 0.2), false);
}

Specimen bn_lags_adam(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(24, 64);
  const double momentum = draw.log(1e-5, 1e-3);
  s.config.gain = draw.real(3, 6);
  use_adam(s, 0.005);
  s.config.network = chain(
      s, depth, width, fault ? fmt::format("bn momentum={:.3g} > relu", momentum) : "bn > relu");
  return s;
}

Specimen ln_before_loss(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, "relu") +
                     (fault ? draw.word({" > bn affine=false > sigmoid", " > bn > sigmoid"}) : "");
  return s;
}

}  // namespace

std::vector<Kind> more_norm_kinds() {
  using enum Family;
  const Truth driven{{"saturated_activation"}, {"norm_scale"}, true};
  const Truth silenced{{"dead_units", "closed_units"}, {"norm_shift", "silent_from_start"}, true};
  const Truth muted{{"closed_units", "vanishing_gradient", "dead_units"},
                    {"norm_scale", "odd_normalisation", "zero_weight", "silent_from_start"},
                    true};
  return {
      {"scales_large_everywhere", norm, "scales that drive every tanh flat", driven,
       scales_large_everywhere},
      {"bn_shift_tanh",
       norm,
       "one bn whose shifts hold a tanh in a flat end",
       {{"saturated_activation", "closed_units"}, {"norm_shift"}, true},
       bn_shift_tanh},
      {"ln_shift_gelu",
       norm,
       "one normalisation whose shifts close a gelu, silu, elu or mish",
       {{"closed_units"}, {"norm_shift"}, true},
       ln_shift_gelu},
      {"gn_shift_dead", norm, "one normalisation whose shifts silence a relu", silenced,
       gn_shift_dead},
      {"shifts_dead_everywhere", norm, "shifts that silence every relu", silenced,
       shifts_dead_everywhere},
      {"scales_zero_everywhere", norm, "all scales at zero", muted, scales_zero_everywhere},
      {"scales_tiny_everywhere", norm, "all scales next to zero", muted, scales_tiny_everywhere},
      {"only_norm_tiny", norm, "a single normalisation with scales next to zero", muted,
       only_norm_tiny},
      {"only_norm_large",
       norm,
       "a single normalisation with scales of hundreds",
       {{"exploding_gradient", "odd_layer", "closed_units", "output_scale"},
        {"odd_normalisation", "norm_scale"},
        true},
       only_norm_large},
      {"norm_eps_large",
       norm,
       "an eps of ln or rmsnorm far above the variances",
       {{"vanishing_gradient"}, {"normalisation"}, true},
       norm_eps_large},
      {"gn_of_two",
       norm,
       "groups of two values each, of which only a sign is left",
       {{"tiny_normalisation"}, {"normalisation"}, true},
       gn_of_two},
      {"bn_relu_thirty",
       norm,
       "thirty layers of bn and relu at a small rate",
       {{"exploding_gradient"}, {"normalisation"}, true},
       bn_relu_thirty},
      {"post_norm_adam",
       norm,
       "two dozen residual blocks, normalised behind the sum, by adam",
       {{"vanishing_gradient", "update_too_large"}, {"normalisation", "learning_rate"}},
       post_norm_adam},
      {"post_norm_sgd",
       norm,
       "two dozen residual blocks, normalised behind the sum, by sgd",
       {{"vanishing_gradient", "update_too_large"}, {"normalisation", "learning_rate"}},
       post_norm_sgd},
      {"bn_lags_adam",
       norm,
       "running statistics that never arrive, trained by adam",
       {{"running_statistics"}, {"slow_running_statistics"}},
       bn_lags_adam},
      {"ln_before_loss",
       norm,
       "a normalisation and a sigmoid behind the logits",
       {{"logits_activation", "output_range"}, {"normalisation", "output_activation"}, true},
       ln_before_loss},
  };
}

}  // namespace plumb::zoo
