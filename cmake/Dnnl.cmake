# The target plumb_dnnl. oneDNN's own package file asks for OpenCL, which a CPU build does not use;
# header and library are enough. Installed too: who links plumb statically needs the library.
find_path(DNNL_INCLUDE_DIR dnnl.h REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
if(NOT TARGET plumb_dnnl)
  add_library(plumb_dnnl INTERFACE IMPORTED)
  target_include_directories(plumb_dnnl INTERFACE ${DNNL_INCLUDE_DIR})
  target_link_libraries(plumb_dnnl INTERFACE ${DNNL_LIBRARY})
endif()
