# Builds the report page (one HTML file) with npm and turns it into a C++ source; sets
# plumb_report_page_source to its path. A page that was built elsewhere is taken instead when
# PLUMB_REPORT_PAGE names it, which needs node but neither npm nor its registry.
set(PLUMB_REPORT_PAGE "" CACHE FILEPATH "A built report page (web/dist/index.html) to embed instead of building it")

find_program(NODE_EXECUTABLE node nodejs)
find_program(NPM_EXECUTABLE npm)
if(NOT NODE_EXECUTABLE OR NOT (NPM_EXECUTABLE OR PLUMB_REPORT_PAGE))
  message(FATAL_ERROR "The report page is built with Node.js: node is '${NODE_EXECUTABLE}', npm is "
    "'${NPM_EXECUTABLE}', expected both (Node 18 or newer; Debian: apt install nodejs npm). Or name a "
    "page that was built elsewhere: -DPLUMB_REPORT_PAGE=.../index.html (needs node alone).")
endif()

set(web_source ${CMAKE_CURRENT_LIST_DIR})
set(web_build ${PROJECT_BINARY_DIR}/web)
set(web_packages package.json package-lock.json .npmrc)
set(web_sources
  index.html tsconfig.json vite.config.ts
  src/dom.ts src/format.ts src/heat.ts src/ledger.ts src/main.ts src/page.ts src/print.ts src/scale.ts
  src/steps.ts src/style.css src/theme.ts src/types.ts
  src/charts/activity.ts src/charts/chart.ts src/charts/heatmap.ts src/charts/loss.ts src/charts/profile.ts
  src/charts/speed.ts src/charts/waterfall.ts
  src/sections/about.ts src/sections/causes.ts src/sections/findings.ts src/sections/verdict.ts
  test/format.test.ts test/ledger.test.ts test/sample.ts test/scale.test.ts)

# All is copied to the build folder and built there: builds of several kinds never meet in one node_modules,
# and the sources may be read-only.
function(web_copy stamp)
  set(inputs ${ARGN})
  list(TRANSFORM inputs PREPEND ${web_source}/)
  set(copies)
  foreach(file IN LISTS ARGN)
    get_filename_component(folder ${file} DIRECTORY)
    list(APPEND copies COMMAND ${CMAKE_COMMAND} -E make_directory ${web_build}/${folder}
                       COMMAND ${CMAKE_COMMAND} -E copy ${web_source}/${file} ${web_build}/${file})
  endforeach()
  add_custom_command(OUTPUT ${web_build}/${stamp} ${copies}
    COMMAND ${CMAKE_COMMAND} -E touch ${web_build}/${stamp} DEPENDS ${inputs} VERBATIM)
endfunction()

if(PLUMB_REPORT_PAGE)
  set(web_page ${PLUMB_REPORT_PAGE})
else()
  set(web_page ${web_build}/dist/index.html)
  web_copy(packages.stamp ${web_packages})
  web_copy(sources.stamp ${web_sources})
  add_custom_command(OUTPUT ${web_build}/installed.stamp
    COMMAND ${NPM_EXECUTABLE} ci --prefer-offline --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch installed.stamp
    DEPENDS ${web_build}/packages.stamp WORKING_DIRECTORY ${web_build}
    COMMENT "Fetching what the report page is built with (npm ci)" VERBATIM)
  add_custom_command(OUTPUT ${web_page}
    COMMAND ${NPM_EXECUTABLE} run --silent build -- --logLevel=warn
    DEPENDS ${web_build}/installed.stamp ${web_build}/sources.stamp WORKING_DIRECTORY ${web_build}
    COMMENT "Building the report page" VERBATIM)
endif()

set(plumb_report_page_source ${web_build}/report_page.cpp)
add_custom_command(OUTPUT ${plumb_report_page_source}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${web_build}
  COMMAND ${NODE_EXECUTABLE} ${web_source}/embed.mjs ${web_page} ${plumb_report_page_source}
  DEPENDS ${web_page} ${web_source}/embed.mjs
  COMMENT "Embedding the report page" VERBATIM)
