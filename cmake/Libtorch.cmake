# The target plumb_torch: torch's C++ interface, for the tests, example and benchmark of plumb/attach/libtorch.h alone; plumb
# itself links none. Debian's libtorch-dev is found where it is; of another one, a wheel's too, give the folder that
# has include/ and lib/: -DTorch_ROOT=$(python3 -c "import torch; print(torch.__path__[0])"). Torch's own package file
# is not asked: that of a wheel wants the whole CUDA toolkit, which headers and libraries do not need.
if(Torch_ROOT)
  set(torch_here NO_DEFAULT_PATH)
endif()
find_path(TORCH_INCLUDE_DIR ATen/record_function.h PATHS ${Torch_ROOT}/include ${torch_here} REQUIRED)
find_path(TORCH_API_DIR torch/torch.h PATHS ${TORCH_INCLUDE_DIR}/torch/csrc/api/include NO_DEFAULT_PATH REQUIRED)
foreach(part torch_cpu c10)
  find_library(TORCH_LIBRARY_${part} ${part} PATHS ${Torch_ROOT}/lib ${torch_here} REQUIRED)
endforeach()
if(NOT TARGET plumb_torch)
  add_library(plumb_torch INTERFACE IMPORTED)
  target_include_directories(plumb_torch INTERFACE ${TORCH_INCLUDE_DIR} ${TORCH_API_DIR})
  target_link_libraries(plumb_torch INTERFACE ${TORCH_LIBRARY_torch_cpu} ${TORCH_LIBRARY_c10})
  target_link_options(plumb_torch INTERFACE -Wl,--allow-shlib-undefined)
endif()
