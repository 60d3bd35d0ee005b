// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of normalisation layers and their parameters.
namespace plumb::zoo {

namespace {

Specimen bn_lags(Draw& draw, bool fault) {
  Specimen s = on_glyphs(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(32, 64);
  const double momentum = draw.log(1e-6, 3e-5);
  s.config.gain = draw.real(2, 4);
  use_sgd(s, 0.1, 0);
  s.config.network = chain(
      s, depth, width, fault ? fmt::format("bn momentum={:.3g} > relu", momentum) : "bn > relu");
  return s;
}

Specimen bn_of_two(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, "bn > relu");
  if (fault) s.config.batch = 2;
  return s;
}

Specimen gn_of_one(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 3), width = 8 * draw.integer(3, 8);
  s.config.network = chain(s, depth, width, fmt::format("gn {} > relu", fault ? width : 4));
  return s;
}

Specimen ln_of_one(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int width = draw.integer(24, 64);
  const int narrow = draw.integer(1, 2);
  s.config.network = fmt::format("dense {0} > relu > dense {1} > ln > dense {0} > relu > dense {2}",
                                 width, fault ? narrow : 12, outputs(s));
  s.bad_depth = 2;
  return s;
}

/// One normalisation of a chain whose scales are multiplied by a factor.
Specimen scaled(Draw& draw, bool fault, const char* body, double factor) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 6), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, factor](Network& network) {
      multiply(*norm_scales(network)[static_cast<std::size_t>(bad - 1)], factor);
    };
  }
  return s;
}
Specimen bn_scale_zero(Draw& draw, bool fault) { return scaled(draw, fault, "bn > relu", 0); }
Specimen ln_scale_tiny(Draw& draw, bool fault) {
  const double factor = draw.log(1e-5, 1e-4);
  Specimen s = scaled(draw, fault, "tanh > ln", factor);
  // Behind the last normalisation nothing undoes it.
  const int depth = s.bad_depth;
  s.config.network = fmt::format("{} x [dense 40 > tanh > ln] > dense {}", depth, outputs(s));
  use_sgd(s, 0.02, 0);
  return s;
}
Specimen ln_scale_large(Draw& draw, bool fault) {
  const double factor = draw.log(50, 500);
  return scaled(draw, fault, "ln > tanh", factor);
}

Specimen shifted(Draw& draw, bool fault, const char* body, double low, double high) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 5), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  const double shift = draw.real(low, high);
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, shift](Network& network) {
      fill(*norm_shifts(network)[static_cast<std::size_t>(bad - 1)], shift);
    };
  }
  return s;
}
Specimen bn_shift_dead(Draw& draw, bool fault) {
  return shifted(draw, fault, "bn > relu", -12, -6);
}
Specimen ln_shift_saturated(Draw& draw, bool fault) {
  return shifted(draw, fault, "ln > tanh", 6, 10);
}

Specimen bn_eps_large(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(4, 8), width = draw.integer(24, 64);
  const double eps = draw.log(100, 10000);
  s.config.network =
      chain(s, depth, width, fault ? fmt::format("bn eps={:.3g} > relu", eps) : "bn > relu");
  return s;
}

Specimen bn_before_loss(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, "relu") + (fault ? " > bn affine=false" : "");
  return s;
}

}  // namespace

std::vector<Kind> norm_kinds() {
  using enum Family;
  return {
      {"bn_lags",
       norm,
       "a momentum of bn so small that its running statistics never arrive",
       {{"running_statistics"}, {"slow_running_statistics"}},
       bn_lags},
      {"bn_of_two",
       norm,
       "bn over batches of two samples",
       {{"tiny_normalisation"}, {"normalisation"}, true},
       bn_of_two},
      {"gn_of_one",
       norm,
       "groups of one value each, which are all zero when normalised",
       {{"tiny_normalisation"}, {"normalisation"}, true},
       gn_of_one},
      {"ln_of_one",
       norm,
       "a layer normalised over one or two values",
       {{"tiny_normalisation"}, {"normalisation"}, true},
       ln_of_one},
      {"bn_scale_zero",
       norm,
       "one bn whose scales are zero",
       {{"closed_units", "dead_units", "vanishing_gradient"},
        {"norm_scale", "zero_weight", "silent_from_start"},
        true},
       bn_scale_zero},
      {"ln_scale_tiny",
       norm,
       "the last ln has scales of almost nothing",
       {{"closed_units", "vanishing_gradient"}, {"norm_scale", "odd_normalisation"}, true},
       ln_scale_tiny},
      {"ln_scale_large",
       norm,
       "one ln whose scales drive the tanh behind it into its flat ends",
       {{"saturated_activation"}, {"norm_scale"}, true},
       ln_scale_large},
      {"bn_shift_dead",
       norm,
       "one bn whose shifts silence the relu behind it",
       {{"dead_units", "closed_units"}, {"norm_shift", "silent_from_start"}, true},
       bn_shift_dead},
      {"ln_shift_saturated",
       norm,
       "one ln whose shifts hold the tanh behind it in a flat end",
       {{"saturated_activation", "closed_units"}, {"norm_shift"}, true},
       ln_shift_saturated},
      {"bn_eps_large",
       norm,
       "an eps of bn far above the variances",
       {{"vanishing_gradient"}, {"normalisation"}, true},
       bn_eps_large},
      {"bn_before_loss",
       norm,
       "bn without scales behind the logits, which holds them small",
       {{"logits_activation", "output_range"}, {"normalisation", "output_activation"}, true},
       bn_before_loss},
  };
}

}  // namespace plumb::zoo
