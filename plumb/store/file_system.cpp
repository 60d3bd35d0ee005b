// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/file_system.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>

namespace plumb::store {

namespace {

constexpr std::array<std::uint64_t, 20> kWithoutSharedMemory{
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x0BD00BD0,  // Lustre
    0x47504653,  // GPFS (Spectrum Scale)
    0x00C36400,  // Ceph
    0x19830326,  // BeeGFS
    0x20030528,  // OrangeFS, PVFS2
    0xAAD7AAEA,  // PanFS
    0x5346414F,  // AFS
    0x6B414653,  // kAFS
    0x73757245,  // Coda
    0x564C,      // NCP
    0x01161970,  // GFS2
    0x7461636F,  // OCFS2
    0x65735546,  // FUSE: sshfs, GlusterFS, object stores
    0x01021997,  // 9P: shared folders of virtual machines
    0x786F4256,  // VirtualBox shared folders
    0x7C7C6673,  // Parallels shared folders
};

}  // namespace

std::uint64_t file_system_type(const std::string& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return 0;
  // The type is of 32 bits, in a field that some machines make signed and longer.
  return static_cast<std::uint32_t>(status.f_type);
}

bool shares_memory(std::uint64_t type) {
  return std::find(kWithoutSharedMemory.begin(), kWithoutSharedMemory.end(), type) ==
         kWithoutSharedMemory.end();
}

}  // namespace plumb::store
