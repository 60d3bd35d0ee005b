# find_package(plumb) then plumb::plumb: every folder's library behind one name; find_package(plumb COMPONENTS
# waist) then plumb::waist: records and what reads them, without the engine and what that links. Each folder is
# also there by itself, e.g. plumb::stats. A component can be installed alone (cmake --install BUILD --component
# waist); what it needs of others is in it.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)

# plumb_component_target(waist plumb_waist LINKS ...): one name for a component's libraries, installed with
# them and their headers.
function(plumb_component_target component name)
  get_property(libraries GLOBAL PROPERTY PLUMB_LIBRARIES_${component})
  list(TRANSFORM libraries REPLACE "^plumb_" "plumb::" OUTPUT_VARIABLE aliases)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${aliases} ${ARGN})
  string(REGEX REPLACE "^plumb_" "" exported ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${exported})
  add_library(plumb::${exported} ALIAS ${name})
  install(TARGETS ${name} ${libraries} EXPORT plumb-${component}-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
  foreach(library IN LISTS libraries)
    get_target_property(folder ${library} SOURCE_DIR)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    install(DIRECTORY ${folder}/
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder} COMPONENT ${component}
            FILES_MATCHING PATTERN "*.h" PATTERN "*[-_]inl.h" EXCLUDE)
  endforeach()
  install(EXPORT plumb-${component}-targets NAMESPACE plumb:: DESTINATION ${package_dir}
          COMPONENT ${component})
endfunction()

plumb_component_target(waist plumb_waist)
if(PLUMB_ENGINE)
  plumb_component_target(engine plumb plumb::waist)
  install(FILES cmake/Dnnl.cmake DESTINATION ${package_dir} COMPONENT engine)
endif()
# Theory's headers name the plain kernels, which are headers alone.
install(DIRECTORY plumb/kernels/ref/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/plumb/kernels/ref
        COMPONENT waist FILES_MATCHING PATTERN "*.h")
# So does the recorder with what a kernel says of the derivatives it made.
install(FILES plumb/kernels/derivative_survey.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/plumb/kernels
        COMPONENT waist)

get_property(programs GLOBAL PROPERTY PLUMB_PROGRAMS)
if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT engine)
endif()

configure_package_config_file(cmake/plumb-config.cmake.in ${PROJECT_BINARY_DIR}/plumb-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plumb-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plumb-config.cmake ${PROJECT_BINARY_DIR}/plumb-config-version.cmake
        DESTINATION ${package_dir} COMPONENT waist)
