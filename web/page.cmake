# Builds the pages (report, lab, playground, dashboard, one HTML file each) with npm and turns them into C++ sources;
# sets plumb_page_sources to their paths. Pages that were built elsewhere are taken instead when
# PLUMB_REPORT_PAGE names the report's (lab.html, play.html and serve.html lie beside it), which needs node but neither
# npm nor its registry.
set(PLUMB_REPORT_PAGE "" CACHE FILEPATH "A built report page (web/dist/index.html) to embed instead of building it")

find_program(NODE_EXECUTABLE node nodejs)
find_program(NPM_EXECUTABLE npm)
if(NOT NODE_EXECUTABLE OR NOT (NPM_EXECUTABLE OR PLUMB_REPORT_PAGE))
  message(WARNING "plumb is built without its pages: they need Node.js 18 or newer (Debian: apt install "
    "nodejs npm), or a page that was built elsewhere: -DPLUMB_REPORT_PAGE=.../index.html, which needs "
    "node alone. Reports are text or JSON.")
  set(plumb_page_sources ${CMAKE_CURRENT_LIST_DIR}/../plumb/report/no_page.cpp)
  return()
endif()

set(web_source ${CMAKE_CURRENT_LIST_DIR})
set(web_build ${PROJECT_BINARY_DIR}/web)
set(web_packages package.json package-lock.json .npmrc)
set(web_sources
  index.html lab.html play.html serve.html tsconfig.json vite.config.ts report.schema.json types_from_schema.mjs types_from_schema.d.mts check_schema.mjs
  check_schema.d.mts policy.mjs policy.d.mts
  src/activation.ts src/compare.ts src/controls.ts src/cursor.ts src/dom.ts src/format.ts src/frame.ts src/ledger.ts
  src/links.ts src/main.ts src/markdown.ts src/rule_pages.ts src/run_sections.ts src/order.ts src/page.ts src/print.ts src/ramp.ts src/scale.ts src/spectrum.ts
  src/store.ts src/svg.ts src/theme.ts src/theme_button.ts src/theme_switch.ts src/time.ts src/types.ts src/style.css src/vite.d.ts
  src/charts/activity.ts src/charts/axes.ts src/charts/chart.ts src/charts/curves.ts src/charts/echart.ts
  src/charts/gates.ts src/charts/heatmap.ts src/charts/hero.ts src/charts/inside_layer.ts src/charts/joins.ts
  src/charts/overlay.ts src/charts/proof.ts src/charts/spectrogram.ts src/charts/speed.ts src/charts/strip.ts src/charts/timeflow.ts
  src/charts/timeheat.ts
  src/sections/about.ts src/sections/causes.ts src/sections/commands.ts src/sections/compare.ts
  src/sections/findings.ts src/sections/inside.ts src/sections/layer.ts src/sections/time.ts
  src/sections/proof.ts src/sections/verdict.ts
  src/lab/lab.css src/lab/main.ts src/lab/maths.ts src/lab/page.ts src/lab/plots.ts src/lab/types.ts
  src/play/books.ts src/play/chapters.ts src/play/controls.ts src/play/histogram.ts src/play/main.ts src/play/map.ts
  src/play/page.ts src/play/picture.ts src/play/play.css src/play/profile.ts src/play/state.ts
  src/play/training_panel.ts src/play/training_words.ts src/play/words.ts src/play/worker.ts
  src/play/engine/activation.ts src/play/engine/data.ts src/play/engine/init.ts src/play/engine/moments.ts
  src/play/engine/network.ts src/play/engine/products.ts src/play/engine/rng.ts src/play/engine/setting.ts
  src/play/engine/theory.ts src/play/engine/training.ts
  src/serve/curve.ts src/serve/live_report.ts src/serve/main.ts src/serve/news.ts src/serve/runs_table.ts src/serve/serve.css src/serve/types.ts src/serve/view.ts
  test/colours.test.ts test/compare.test.ts test/cursor.test.ts test/format.test.ts test/ledger.test.ts
  test/maths.test.ts test/play_engine.test.ts test/play_fixtures.json test/play_state.test.ts test/plots.test.ts test/sample.ts test/scale.test.ts test/schema.test.ts test/spectrum.test.ts
  test/store.test.ts test/time.test.ts test/verdict.test.ts)

# All is copied to the build folder and built there: builds of several kinds never meet in one node_modules,
# and the sources may be read-only.
function(web_copy stamp)
  set(inputs ${ARGN})
  list(TRANSFORM inputs PREPEND ${web_source}/)
  # What is gone from the sources goes from the copy.
  set(copies)
  foreach(folder IN ITEMS src test)
    if(ARGN MATCHES "(^|;)${folder}/")
      list(APPEND copies COMMAND ${CMAKE_COMMAND} -E rm -rf ${web_build}/${folder})
    endif()
  endforeach()
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
  get_filename_component(web_folder ${web_page} DIRECTORY)
else()
  # Nothing else needs the registry of npm: where it cannot be reached, the pages are left out.
  web_copy(packages.stamp ${web_packages})
  web_copy(sources.stamp ${web_sources})
  add_custom_command(OUTPUT ${web_build}/report_page.cpp ${web_build}/lab_page.cpp ${web_build}/play_page.cpp ${web_build}/serve_page.cpp
    COMMAND ${CMAKE_COMMAND} -D source=${web_source} -D build=${web_build} -D npm=${NPM_EXECUTABLE}
            -D node=${NODE_EXECUTABLE} -P ${web_source}/pages_or_none.cmake
    DEPENDS ${web_build}/packages.stamp ${web_build}/sources.stamp ${web_source}/pages_or_none.cmake
            ${web_source}/embed.mjs ${web_source}/../plumb/report/no_page.cpp
    WORKING_DIRECTORY ${web_build}
    COMMENT "Building the pages (npm)" VERBATIM)
  set(plumb_page_sources ${web_build}/report_page.cpp ${web_build}/lab_page.cpp ${web_build}/play_page.cpp ${web_build}/serve_page.cpp)
  return()
endif()

function(web_embed page name)
  add_custom_command(OUTPUT ${web_build}/${name}_page.cpp
    COMMAND ${CMAKE_COMMAND} -E make_directory ${web_build}
    COMMAND ${NODE_EXECUTABLE} ${web_source}/embed.mjs ${page} ${web_build}/${name}_page.cpp ${name}
    DEPENDS ${page} ${web_source}/embed.mjs
    COMMENT "Embedding the ${name} page" VERBATIM)
endfunction()
web_embed(${web_page} report)
foreach(name IN ITEMS lab play serve)
  web_embed(${web_folder}/${name}.html ${name})
endforeach()
set(plumb_page_sources ${web_build}/report_page.cpp ${web_build}/lab_page.cpp ${web_build}/play_page.cpp ${web_build}/serve_page.cpp)
