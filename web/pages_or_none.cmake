# cmake -D source=web -D build=BUILD/web -D npm=NPM -D node=NODE -P pages_or_none.cmake
# Builds all pages in `build` and writes them as C++ sources. Where npm cannot fetch what that needs, says so
# in one line, keeps npm's own words in npm.log, and writes sources that have no page: the next build tries
# again. An error in the pages themselves is an error.
set(log ${build}/npm.log)
set(stamp ${build}/installed.stamp)
set(lock ${build}/package-lock.json)

# Several sources of one library: all of the stand-in goes into the first.
function(write_no_page)
  configure_file(${source}/../plumb/report/no_page.cpp ${build}/report_page.cpp COPYONLY)
  foreach(name IN ITEMS lab play serve)
    file(WRITE ${build}/${name}_page.cpp "// SPDX-License-Identifier: Apache-2.0\n// See report_page.cpp.\n")
  endforeach()
  # Older than what they are made of.
  execute_process(COMMAND touch -d @0 ${build}/report_page.cpp ${build}/lab_page.cpp ${build}/play_page.cpp ${build}/serve_page.cpp)
endfunction()

if(NOT EXISTS ${stamp} OR ${lock} IS_NEWER_THAN ${stamp})
  file(REMOVE ${stamp})
  # node brings certificates of its own; where the system trusts others too (a company's), npm does as well.
  set(certificates /etc/ssl/certs/ca-certificates.crt)
  if(NOT DEFINED ENV{NODE_EXTRA_CA_CERTS} AND EXISTS ${certificates})
    set(ENV{NODE_EXTRA_CA_CERTS} ${certificates})
  endif()
  execute_process(
    COMMAND ${npm} ci --prefer-offline --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=20000
            --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000
    WORKING_DIRECTORY ${build} RESULT_VARIABLE failed OUTPUT_FILE ${log} ERROR_FILE ${log})
  if(failed)
    write_no_page()
    message("plumb: npm could not fetch what the pages are built with, so reports are text or JSON in this build "
            "(npm's words: ${log}; the next build tries again)")
    return()
  endif()
  file(TOUCH ${stamp})
endif()
# The pages of the rules, which findings open: beside the copy as they are beside the sources.
file(COPY ${source}/../docs/rules DESTINATION ${build}/../docs)
execute_process(COMMAND ${npm} run --silent build WORKING_DIRECTORY ${build} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "the pages cannot be built")
endif()
foreach(pair IN ITEMS "index report" "lab lab" "play play" "serve serve")
  separate_arguments(pair)
  list(GET pair 0 page)
  list(GET pair 1 name)
  execute_process(COMMAND ${node} ${source}/embed.mjs ${build}/dist/${page}.html ${build}/${name}_page.cpp ${name}
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the ${name} page cannot be embedded")
  endif()
endforeach()
