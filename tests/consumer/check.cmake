# Installs a build to a prefix of its own, looks at what was installed, then configures, builds and runs the consumer
# and the examples against it: by CMake, by pkg-config, and with the shared library.
# Needs BUILD (the build directory), GENERATOR, COMPILER and LAUNCHER.
set(work ${BUILD}/consumer)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY COMMAND_ECHO STDOUT)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/build -G ${GENERATOR}
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -D CMAKE_BUILD_TYPE=Debug)
run(${CMAKE_COMMAND} --build ${work}/build)
run(${CMAKE_CTEST_COMMAND} --test-dir ${work}/build --output-on-failure)

# What the umbrella headers do not reach is internal, and not there.
foreach(file include/plumb/plumb.h include/plumb/waist.h share/doc/plumb/LICENSE share/doc/libplumb-dev/LICENSE share/doc/libplumb-dev/NOTICE
        share/man/man1/plumb.1 share/man/man1/plumb-train.1 share/bash-completion/completions/plumb)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
file(GLOB_RECURSE internal RELATIVE ${prefix}/include ${prefix}/include/plumb/cli/* ${prefix}/include/plumb/serve/*
     ${prefix}/include/plumb/lab/* ${prefix}/include/plumb/kernels/fast/*gemm* ${prefix}/include/*[-_]inl.h)
if(internal)
  message(FATAL_ERROR "internal headers are installed: ${internal}")
endif()

# Without CMake.
set(ENV{PKG_CONFIG_PATH} ${prefix}/lib/pkgconfig:${prefix}/lib64/pkgconfig:${prefix}/lib/x86_64-linux-gnu/pkgconfig)
execute_process(COMMAND pkg-config --cflags --libs plumb OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${COMPILER} ${CMAKE_CURRENT_LIST_DIR}/main.cpp -o ${work}/by_pkg_config ${flags})
run(${work}/by_pkg_config)

# The shared library is enough by itself, and shows namespace plumb alone.
run(${CMAKE_COMMAND} --build ${BUILD} --target plumb_shared)
execute_process(COMMAND nm -D --defined-only --format=posix ${BUILD}/libplumb.so OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" names "${names}")
list(LENGTH names count)
list(FILTER names EXCLUDE REGEX "^_Z(T[hv][n0-9_]+)?[A-Z0-9_n]*5plumb")
if(names OR count LESS 100)
  message(FATAL_ERROR "libplumb.so shows ${count} names, among them others than plumb's: ${names}")
endif()
run(${COMPILER} -std=c++20 ${CMAKE_CURRENT_LIST_DIR}/main.cpp -I${prefix}/include ${BUILD}/libplumb.so
    -Wl,-rpath,${BUILD} -o ${work}/with_shared)
run(${work}/with_shared)
