# One library a folder, one test program a folder: the folders' CMakeLists name their parts with these.

add_library(plumb_options INTERFACE)
target_compile_options(plumb_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion -Wno-sign-conversion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> # GCC 12 sees overlaps in std::string's own code (GCC bug 105651)
  # GCC 12 at -O3 takes the default of a nested std::string member for unset; the builds for tests keep the warning.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-maybe-uninitialized>
  $<$<BOOL:${PLUMB_WERROR}>:-Werror>)
if(PLUMB_SANITIZE)
  target_compile_options(plumb_options INTERFACE -fsanitize=${PLUMB_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all
                                                 # GCC's own manual: with sanitizers it warns of what is set
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(plumb_options INTERFACE -fsanitize=${PLUMB_SANITIZE})
endif()

# plumb_library(core SOURCES a.cpp b.cpp DEPS other_folder PRIVATE_LIBS ZLIB::ZLIB)
# makes plumb::core. DEPS are plumb's folders, PRIVATE_LIBS what only the sources include. It belongs to the
# component that plumb_component names where it is called: waist or engine.
function(plumb_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_LIBS" ${ARGN})
  add_library(plumb_${name} STATIC ${arg_SOURCES})
  add_library(plumb::${name} ALIAS plumb_${name})
  set_target_properties(plumb_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(plumb_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(plumb_${name} PUBLIC cxx_std_20)
  list(TRANSFORM arg_DEPS PREPEND plumb::)
  # Header-only libraries leave nothing to link: who uses plumb need not have them.
  list(TRANSFORM arg_PRIVATE_LIBS REPLACE "^(nlohmann_json|CLI11)::.*" "$<BUILD_INTERFACE:\\0>")
  target_link_libraries(plumb_${name} PUBLIC ${arg_DEPS}
                        PRIVATE $<BUILD_INTERFACE:plumb_options> ${arg_PRIVATE_LIBS})
  set_property(GLOBAL APPEND PROPERTY PLUMB_LIBRARIES_${plumb_component} plumb_${name})
endfunction()

# plumb_program(plumb SOURCES main.cpp DEPS cli PRIVATE_LIBS CLI11::CLI11) makes bin/plumb, installed too.
function(plumb_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_LIBS" ${ARGN})
  set(target ${name}_program)
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
                                             RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  list(TRANSFORM arg_DEPS PREPEND plumb::)
  target_link_libraries(${target} PRIVATE ${arg_DEPS} plumb_options ${arg_PRIVATE_LIBS})
endfunction()

# plumb_test(core SOURCES shape_test.cpp DEPS core LIBS rapidcheck) makes one googletest program for a
# folder of tests; each test of it is one ctest test, labelled `unit` unless LABEL says otherwise. The target
# unit_tests builds the programs of that label alone. GOLDEN are the sources that read files of the checkout,
# by PLUMB_TEST_DIR: only these are compiled anew, not taken from ccache, in a checkout at another place.
function(plumb_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;GOLDEN;DEPS;LIBS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  string(REPLACE "/" "_" target test_${name})
  add_executable(${target} ${arg_SOURCES} ${arg_GOLDEN})
  list(TRANSFORM arg_DEPS PREPEND plumb::)
  target_link_libraries(${target} PRIVATE ${arg_DEPS} plumb_options ${arg_LIBS} GTest::gtest_main)
  if(PLUMB_SANITIZE)
    # What is tested is optimised; optimising the checks themselves takes longer than all else of such a build.
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(arg_GOLDEN)
    set_source_files_properties(${arg_GOLDEN} PROPERTIES
      COMPILE_DEFINITIONS "PLUMB_TEST_DIR=\"${PROJECT_SOURCE_DIR}/tests\"")
  endif()
  if(arg_LABEL STREQUAL unit)
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)
    endif()
    add_dependencies(unit_tests ${target})
  endif()
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600)
endfunction()

# plumb_bench(stats SOURCES sketch_bench.cpp DEPS stats) makes one Google Benchmark program for a folder of
# benchmarks; `./run bench` runs them all.
function(plumb_bench name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(bench_${name} ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND plumb::)
  target_link_libraries(bench_${name} PRIVATE ${arg_DEPS} plumb_options ${arg_LIBS}
                                              benchmark::benchmark_main)
endfunction()

# plumb_example(train_in_process) builds examples/train_in_process.cpp as a user of plumb would; a test,
# labelled `examples`, runs it.
function(plumb_example name)
  add_executable(example_${name} ${name}.cpp)
  target_link_libraries(example_${name} PRIVATE plumb::plumb plumb_options)
  if(PLUMB_TESTS)
    add_test(NAME example_${name} COMMAND example_${name})
    set_tests_properties(example_${name} PROPERTIES LABELS examples TIMEOUT 300)
  endif()
endfunction()
