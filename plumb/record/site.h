// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumb {

/// What tensor of a layer is observed.
enum class Role : std::uint8_t { z, a, grad_z, grad_a, weight, grad_weight, update };
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

/// A named place where a tensor is observed: the path of the layer and the role of the tensor.
///
/// The path is the layer's place in the network as PyTorch would number the flattened chain: "3",
/// inside a residual block "5.0"; the input of the network is "input" and the loss "loss". For the
/// roles weight, grad_weight and update, `param` says which parameter ("weight", "bias"); it is
/// empty otherwise.
struct Site {
  std::string path;
  Role role = Role::z;
  std::string param;

  /// "3/z", "3/grad_weight" (the weight), "3.bias/grad_weight" (any other parameter).
  std::string name() const;
  friend bool operator==(const Site&, const Site&) = default;
};

}  // namespace plumb
