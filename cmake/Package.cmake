# `cpack` in a build folder: two Debian packages. plumb is the program with its manual pages and completion;
# libplumb-dev is the C++ library. `./run package` makes them of the release build.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME plumb)
set(CPACK_PACKAGE_VENDOR "The plumb developers")
# No person: the name ends in .invalid, which is nobody's (RFC 2606).
set(CPACK_PACKAGE_CONTACT "The plumb developers <noreply@plumb.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measures how deep the gradient reaches in a neural network")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_COMPONENTS_ALL waist)
if(PLUMB_ENGINE)
  list(APPEND CPACK_COMPONENTS_ALL engine)
endif()
if(PLUMB_APPS)
  list(APPEND CPACK_COMPONENTS_ALL apps program)
endif()
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_WAIST_GROUP dev)
set(CPACK_COMPONENT_ENGINE_GROUP dev)
set(CPACK_COMPONENT_APPS_GROUP dev)
set(CPACK_COMPONENT_PROGRAM_GROUP program)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME plumb)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"Trains or watches a network, keeps the books of where its gradient goes,
diagnoses what hinders learning, and proves the remedy.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libplumb-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libsqlite3-dev, zlib1g-dev, libfmt-dev, libhwy-dev, libpng-dev, libjpeg62-turbo-dev, libdnnl-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers and static libraries of plumb, for CMake and pkg-config.")
include(CPack)
