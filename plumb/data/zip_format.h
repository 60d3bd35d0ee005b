// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The numbers of PKWARE APPNOTE.TXT 6.3.10 that reader and writer share.
namespace plumb::zip_format {

inline constexpr std::uint32_t kLocalHeader = 0x04034B50;      // 4.3.7
inline constexpr std::uint32_t kCentralHeader = 0x02014B50;    // 4.3.12
inline constexpr std::uint32_t kZip64End = 0x06064B50;         // 4.3.14
inline constexpr std::uint32_t kZip64EndLocator = 0x07064B50;  // 4.3.15
inline constexpr std::uint32_t kEnd = 0x06054B50;              // 4.3.16
inline constexpr std::uint64_t kEndBytes = 22;
inline constexpr std::uint64_t kZip64EndLocatorBytes = 20;
inline constexpr std::uint64_t kZip64EndBytes = 56;

inline constexpr std::uint16_t kZip64Extra = 0x0001;   // 4.5.3
inline constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;  // "see the zip64 field"
inline constexpr std::uint16_t kInZip64Short = 0xFFFF;

inline constexpr std::uint16_t kStored = 0;
inline constexpr std::uint16_t kDeflated = 8;
inline constexpr std::uint16_t kEncryptedFlag = 1;
inline constexpr std::uint16_t kUtf8Flag = 1 << 11;

}  // namespace plumb::zip_format
