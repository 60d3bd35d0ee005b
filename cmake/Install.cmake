# find_package(plumb) then plumb::plumb: every folder's library behind one name.
get_property(plumb_libraries GLOBAL PROPERTY PLUMB_LIBRARIES)
add_library(plumb INTERFACE)
add_library(plumb::plumb ALIAS plumb)
target_link_libraries(plumb INTERFACE ${plumb_libraries})
