# The only file that knows versions. All come from the system's packages (tools/packages.txt).
find_package(Threads REQUIRED)
find_package(ZLIB 1.2 REQUIRED)
find_package(PNG 1.6 REQUIRED)
find_package(JPEG REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
find_package(hwy 1.0 REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)  # oneDNN's threads: we keep it to one in each of ours

include(Dnnl)

if(PLUMB_TESTS)
  find_package(GTest 1.12 REQUIRED)
  find_package(rapidcheck REQUIRED)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
endif()
if(PLUMB_BENCH)
  find_package(benchmark 1.7 REQUIRED)
endif()
