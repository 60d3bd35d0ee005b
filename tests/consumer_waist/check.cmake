# Installs the waist of a build to a prefix of its own, configures, builds and runs a consumer of it where what
# the engine needs cannot be found, and looks at what the program links. Then configures plumb itself without
# the engine and the pages, and the engine alone. Needs BUILD (the build directory), GENERATOR, COMPILER and LAUNCHER.
set(work ${BUILD}/consumer_waist)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY COMMAND_ECHO STDOUT)
endfunction()

# A package that is switched off and required is an error. oneDNN is looked for by its files, which the cache
# would tell.
set(without_program -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
    -D CMAKE_BUILD_TYPE=Debug -D CMAKE_DISABLE_FIND_PACKAGE_CLI11=ON
    -D CMAKE_DISABLE_FIND_PACKAGE_tomlplusplus=ON --no-warn-unused-cli)
set(common ${without_program} -D CMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON)

function(expect_without_dnnl build)
  file(STRINGS ${build}/CMakeCache.txt found REGEX "DNNL")
  if(found)
    message(FATAL_ERROR "the waist looked for oneDNN: ${found}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --component waist --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/build -D CMAKE_PREFIX_PATH=${prefix} ${common})
run(${CMAKE_COMMAND} --build ${work}/build)
expect_without_dnnl(${work}/build)
execute_process(COMMAND ldd ${work}/build/consumer OUTPUT_VARIABLE linked COMMAND_ERROR_IS_FATAL ANY)
if(linked MATCHES "libdnnl|libgomp|libomp" OR NOT linked MATCHES "libsqlite3")
  message(FATAL_ERROR "expected SQLite among what the consumer links, and neither oneDNN nor OpenMP:\n${linked}")
endif()
execute_process(COMMAND ${work}/build/consumer WORKING_DIRECTORY ${work} COMMAND_ERROR_IS_FATAL ANY)

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/../.. -B ${work}/alone -D PLUMB_ENGINE=OFF -D PLUMB_PAGE=OFF
    ${common})
expect_without_dnnl(${work}/alone)
run(${CMAKE_COMMAND} --build ${work}/alone --target plumb_core plumb_record)

# The engine without theory, reports and what is made of them, where what the program needs cannot be found.
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/../.. -B ${work}/engine -D PLUMB_REPORT=OFF ${without_program})
run(${CMAKE_COMMAND} --build ${work}/engine --target plumb_optim)
