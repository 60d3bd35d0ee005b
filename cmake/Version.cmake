# PLUMB_VERSION_STRING, read from plumb/core/version.h: the version stands in that one place.
set(plumb_version_header ${CMAKE_CURRENT_SOURCE_DIR}/plumb/core/version.h)
file(STRINGS ${plumb_version_header} plumb_version_lines REGEX "^#define PLUMB_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(TRANSFORM plumb_version_lines REPLACE "^#define PLUMB_VERSION_[A-Z]+ " "")
list(JOIN plumb_version_lines "." PLUMB_VERSION_STRING)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${plumb_version_header})
