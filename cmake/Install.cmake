# find_package(plumb) then plumb::plumb: every folder's library behind one name. Each folder is also there
# by itself, e.g. plumb::stats.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY PLUMB_LIBRARIES)
get_property(programs GLOBAL PROPERTY PLUMB_PROGRAMS)
list(TRANSFORM libraries REPLACE "^plumb_" "plumb::" OUTPUT_VARIABLE library_aliases)
add_library(plumb INTERFACE)
add_library(plumb::plumb ALIAS plumb)
target_link_libraries(plumb INTERFACE ${library_aliases})

install(TARGETS plumb ${libraries} EXPORT plumb-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
foreach(library IN LISTS libraries)
  get_target_property(folder ${library} SOURCE_DIR)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  install(DIRECTORY ${folder}/
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder}
          FILES_MATCHING PATTERN "*.h" PATTERN "*[-_]inl.h" EXCLUDE)
endforeach()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)
install(EXPORT plumb-targets NAMESPACE plumb:: DESTINATION ${package_dir})
configure_package_config_file(cmake/plumb-config.cmake.in ${PROJECT_BINARY_DIR}/plumb-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plumb-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plumb-config.cmake ${PROJECT_BINARY_DIR}/plumb-config-version.cmake
              cmake/Dnnl.cmake
        DESTINATION ${package_dir})
