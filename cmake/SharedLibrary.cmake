# The target plumb_shared: every folder's library in one libplumb.so. It shows namespace plumb alone (exports.sh): the
# symbols of what it links, and of namespaces inside plumb that are no public interface, stay hidden. With PLUMB_SHARED
# it is what is installed, behind the same names plumb::waist, plumb::engine and plumb::plumb.
set(plumb_all_libraries "")
set(plumb_archives "")
set(plumb_archive_list "")
foreach(component waist engine apps)
  get_property(of_component GLOBAL PROPERTY PLUMB_LIBRARIES_${component})
  foreach(library IN LISTS of_component)
    list(APPEND plumb_all_libraries ${library})
    list(APPEND plumb_archive_list $<TARGET_FILE:${library}>)
    string(APPEND plumb_archives " $<TARGET_FILE:${library}>")
  endforeach()
endforeach()

set(plumb_exports ${PROJECT_BINARY_DIR}/exports.map)
add_custom_command(OUTPUT ${plumb_exports}
  COMMAND ${PROJECT_SOURCE_DIR}/cmake/exports.sh ${CMAKE_NM} ${plumb_archive_list} > ${plumb_exports}
  DEPENDS ${plumb_all_libraries} ${PROJECT_SOURCE_DIR}/cmake/exports.sh VERBATIM)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/shared_library.cpp CONTENT "// All of it comes from the archives.\n")
add_library(plumb_shared SHARED ${PROJECT_BINARY_DIR}/shared_library.cpp ${plumb_exports})
target_link_options(plumb_shared PRIVATE
  "SHELL:-Wl,--whole-archive${plumb_archives} -Wl,--no-whole-archive"
  -Wl,--version-script=${plumb_exports} -Wl,-Bsymbolic -Wl,--no-undefined)
target_link_libraries(plumb_shared PRIVATE $<BUILD_INTERFACE:plumb_options> ${plumb_all_libraries})
target_include_directories(plumb_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(plumb_shared INTERFACE cxx_std_20)
set_target_properties(plumb_shared PROPERTIES
  OUTPUT_NAME plumb EXPORT_NAME shared LINK_DEPENDS ${plumb_exports}
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

if(PLUMB_SHARED)
  install(TARGETS plumb_shared EXPORT plumb-shared-targets
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT waist)
  install(EXPORT plumb-shared-targets NAMESPACE plumb:: DESTINATION ${package_dir} COMPONENT waist)
else()
  set_target_properties(plumb_shared PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
